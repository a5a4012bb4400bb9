"""Reads the items of a batch, one at a time: what a million of them need in memory is what one needs."""

from collections.abc import Iterator, Sequence
from itertools import chain, islice

from hf_spaces_runner.batch.sources.entry import Entry, Source
from hf_spaces_runner.batch.sources.make_item import ItemMaker
from hf_spaces_runner.batch.sources.open_sources import open_sources
from hf_spaces_runner.batch.sources.shown import shown
from hf_spaces_runner.batch.sources.shuffle import shuffled
from hf_spaces_runner.batch.sources.spec import SourceSpec
from hf_spaces_runner.batch.sources.unbroken import unbroken_entries
from hf_spaces_runner.domain.item import Item
from hf_spaces_runner.errors import UsageError
from hf_spaces_runner.input_files import check_files

_MAX_NAMED = 3


def read_items(spec: SourceSpec) -> Iterator[Item]:
    """Return the items that `spec` means; they are read when they are asked for, all checks are made at once.

    What is wrong with one item is its `fault`. A folder is listed one folder at a time, so that only the names of the
    largest one, and with `shuffle` 28 bytes an item, grow with the number of items.

    Raises:
        UsageError: there are no items, or one of the sources, templates or constants cannot be.
        NoSpaceLeftError: there is no room to shuffle.
    """
    if spec.offset < 0 or (spec.limit is not None and spec.limit < 1):
        raise UsageError("an offset counts from 0, a limit from 1")
    sources = open_sources(spec)
    maker = ItemMaker(spec.prompt, spec.constants, columns=spec.columns, allow_outside=spec.allow_outside)
    for source in sources:
        if source.columns is not None:
            maker.check(source.columns, source.name)
    check_files(maker.fixed_files())
    entries = _entries(sources, spec)
    first = next(entries, None)
    if first is None:
        raise _nothing(spec)
    return (maker.make(entry, index) for index, entry in enumerate(chain((first,), entries)))


def preview_items(spec: SourceSpec, number: int) -> tuple[Item, ...]:
    """Return the first `number` items, for a look at them; stdin is read for that. See `read_items`."""
    return tuple(islice(read_items(spec), number))


def count_hint(spec: SourceSpec) -> int | None:
    """Return about how many items `read_items` will give, for a progress bar; None where only reading tells.

    Blank lines and rows of several lines make it too large. It lists folders and reads tables once: some seconds for
    millions.

    Raises:
        UsageError: see `read_items`.
    """
    total = 0
    for source in open_sources(spec):
        count = source.count()
        if count is None:
            return None
        total += count
    rest = max(0, total - spec.offset)
    return rest if spec.limit is None else min(rest, spec.limit)


def _entries(sources: Sequence[Source], spec: SourceSpec) -> Iterator[Entry]:
    entries = shuffled(sources, spec.seed) if spec.shuffle else chain.from_iterable(map(unbroken_entries, sources))
    return islice(entries, spec.offset, None if spec.limit is None else spec.offset + spec.limit)


def _nothing(spec: SourceSpec) -> UsageError:
    named = [shown(word) for word in (spec.inputs or (f"--prompts {spec.prompts}",))]
    where = ", ".join(named[:_MAX_NAMED]) + (", ..." if len(named) > _MAX_NAMED else "")
    if spec.offset:
        return UsageError(
            f"no items are left behind the first {spec.offset} of {where}", hint="give a smaller --offset"
        )
    return UsageError(
        f"no items in {where}",
        hint="hidden files, links that lead out of a folder, and the batch's own output are left out",
    )
