"""Reads sources on when they vanish or break off in the middle: what is lost is one failed item."""

from collections.abc import Iterator

from hf_spaces_runner.batch.sources.entry import Entry, SeekableSource, Source
from hf_spaces_runner.batch.sources.shown import why_not
from hf_spaces_runner.errors import UsageError


def unbroken_entries(source: Source) -> Iterator[Entry]:
    """Yield the entries of `source`; if it cannot be read on, a fault is the last of them."""
    try:
        yield from source.entries()
    except (OSError, UsageError) as error:
        yield _fault(source, error)


def unbroken_at(source: SeekableSource, offset: int, line: int) -> Entry:
    """Return the entry that begins there, or a fault."""
    try:
        return source.entry_at(offset, line)
    except (OSError, UsageError) as error:
        return _fault(source, error)


def _fault(source: Source, error: OSError | UsageError) -> Entry:
    reason = error.message if isinstance(error, UsageError) else f"{source.name} {why_not(error)}"
    return Entry(source=source.name, fault=f"{reason}: the rest of it is not read")
