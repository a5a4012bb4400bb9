"""Reads a table of JSON lines: an object a line, blank lines left out."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hf_spaces_runner.batch.sources.entry import Entry
from hf_spaces_runner.batch.sources.json_row import RowError, decode_row
from hf_spaces_runner.batch.sources.lines import TOO_LONG, Line, count_lines, open_lines, read_lines
from hf_spaces_runner.batch.sources.shown import shown


@dataclass(frozen=True, slots=True)
class JsonlTable:
    """A file of JSON lines."""

    path: Path

    @property
    def name(self) -> str:
        """The path, safe to print."""
        return shown(self.path)

    @property
    def columns(self) -> None:
        """Each row has its own."""
        return

    def entries(self) -> Iterator[Entry]:
        """Yield a row a line; see `Source`."""
        name, base = self.name, self.path.parent
        with open_lines(self.path) as stream:
            for line in read_lines(stream, offset=stream.tell()):
                if line.data is None or line.data.strip():
                    yield json_entry(line, name, base)

    def entry_at(self, offset: int, line: int) -> Entry:
        """Return the row that begins there; see `SeekableSource`."""
        with open_lines(self.path) as stream:
            stream.seek(offset)
            found = next(read_lines(stream, offset=offset, number=line), Line(line, offset, b""))
        return json_entry(found, shown(self.path), self.path.parent)

    def count(self) -> int | None:
        """Return the number of lines."""
        return count_lines(self.path)


def json_entry(line: Line, name: str, base: Path) -> Entry:
    """Return the entry that a line of JSON stands for."""
    source = f"{name}:{line.number}"
    if line.data is None:
        return Entry(source=source, fault=f"{source}: the line is {TOO_LONG}", offset=line.offset, line=line.number)
    try:
        row = decode_row(line.data)
    except RowError as error:
        text = line.data[:1000].decode("utf-8", errors="replace").rstrip()
        fault = f"{source}: {error}"
        return Entry(source=source, fault=fault, text=text, offset=line.offset, line=line.number)
    return Entry(source=source, row=row, base=base, offset=line.offset, line=line.number)
