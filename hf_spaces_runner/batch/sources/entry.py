"""One entry of a source before it becomes an item, and what a source is."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

FILE_KEY = "_file"
"""Names the file that goes in without a parameter's name, in rows that we write and in those of others."""
ID_KEYS = ("_id", "id")
"""What a row calls itself, the first that it has."""
BROKEN_KEY, TEXT_KEY = "_broken", "_text"
"""In rows that we write: why a line could not be read, and how it began."""
PROMPT_KEY = "prompt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row, a file or a fault, with its place.

    `source` names the place for people. `row` is what a table says; `file` one that the user named or that lies in a
    folder of theirs, and `id` its path as they know it. `fault` says why there is neither; `text` how the broken line
    began. `base` is the folder that the row's paths start from. `offset` and `line` say where it begins in a file that
    can be read from there again, in bytes and in lines from 1.
    """

    source: str
    row: Mapping[str, object] | None = None
    file: Path | None = None
    fault: str | None = None
    text: str | None = None
    id: str | None = None
    base: Path = Path()
    offset: int = 0
    line: int = 0


class Source(Protocol):
    """Something that entries are read from."""

    @property
    def name(self) -> str:
        """What people know it by."""

    @property
    def columns(self) -> Collection[str] | None:
        """The names that templates may use, none for files; None where each row has its own."""

    def entries(self) -> Iterator[Entry]:
        """Yield the entries in their order, reading on only when the next is asked for."""

    def count(self) -> int | None:
        """Return how many there are, nearly; None where that cannot be said cheaply."""


@runtime_checkable
class SeekableSource(Source, Protocol):
    """A source of which any entry can be read by itself."""

    def entry_at(self, offset: int, line: int) -> Entry:
        """Return the entry that begins there."""
