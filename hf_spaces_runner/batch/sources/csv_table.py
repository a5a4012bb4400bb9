"""Reads a table of comma or tab separated values: the first row names the columns."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hf_spaces_runner.batch.sources.csv_records import Record, read_records
from hf_spaces_runner.batch.sources.entry import Entry
from hf_spaces_runner.batch.sources.lines import Line, count_lines, open_lines
from hf_spaces_runner.batch.sources.shown import shown
from hf_spaces_runner.errors import UsageError

_DELIMITERS = (",", ";", "\t", "|")
_QUOTED = re.compile(r'"[^"]*"')
_TEXT_BYTES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvTable:
    """A CSV or TSV file with its header; `offset` and `line` say where the rows begin."""

    path: Path
    columns: tuple[str, ...]
    delimiter: str
    offset: int
    line: int

    @property
    def name(self) -> str:
        """The path, safe to print."""
        return shown(self.path)

    def entries(self) -> Iterator[Entry]:
        """Yield the rows; see `Source`."""
        with open_lines(self.path) as stream:
            stream.seek(self.offset)
            for record in read_records(stream, self.delimiter, offset=self.offset, number=self.line):
                yield self._entry(record)

    def entry_at(self, offset: int, line: int) -> Entry:
        """Return the row that begins there; see `SeekableSource`."""
        with open_lines(self.path) as stream:
            stream.seek(offset)
            gone = Line(line, offset, b"")
            records = read_records(stream, self.delimiter, offset=offset, number=line)
            return self._entry(next(records, Record(gone, gone, [], "it is gone")))

    def count(self) -> int | None:
        """Return the number of lines below the header; a row of several lines is several."""
        lines = count_lines(self.path)
        return None if lines is None else max(0, lines - self.line + 1)

    def _entry(self, record: Record) -> Entry:
        first = record.first
        source = f"{shown(self.path)}:{first.number}"
        fault = record.fault
        if fault is None and len(record.cells) != len(self.columns):
            fault = f"{len(record.cells)} cells, where the header has {len(self.columns)}"
        if fault is not None:
            text = (first.data or b"")[:_TEXT_BYTES].decode("utf-8", errors="replace").rstrip()
            return Entry(source=source, fault=f"{source}: {fault}", text=text, offset=first.offset, line=first.number)
        # An empty cell says nothing: the endpoint's default holds.
        row = {name: cell or None for name, cell in zip(self.columns, record.cells, strict=True)}
        return Entry(source=source, row=row, base=self.path.parent, offset=first.offset, line=first.number)


def open_csv(path: Path) -> CsvTable | None:
    """Return the table in `path`, None if the file is empty. A TSV is told by its name, `;` and `|` by the header.

    Raises:
        UsageError: it cannot be read, or its header names no columns, an empty one, or one twice.
    """
    with open_lines(path) as stream:
        start = stream.tell()
        line = stream.readline(_TEXT_BYTES * 100).decode("utf-8", errors="replace")
        delimiter = "\t" if path.suffix.lower() == ".tsv" else max(_DELIMITERS, key=_QUOTED.sub("", line).count)
        stream.seek(start)
        records = read_records(stream, delimiter, offset=start)
        header = next(records, None)
        if header is None:
            return None
        where = f"{shown(path)}:{header.first.number}"
        if header.fault is not None:
            raise UsageError(f"{where}: the header cannot be read: {header.fault}", hint="save it as CSV in UTF-8")
        columns = tuple(cell.strip() for cell in header.cells)
        check_columns(columns, where)
        return CsvTable(
            path=path,
            columns=columns,
            delimiter=delimiter,
            offset=header.last.offset + len(header.last.data or b""),
            line=header.last.number + 1,
        )


def check_columns(columns: tuple[str, ...], where: str) -> None:
    """Check the names of columns.

    Raises:
        UsageError: one is empty, or stands twice.
    """
    seen: set[str] = set()  # a header may hold a million names
    for number, name in enumerate(columns, start=1):
        if not name:
            hint = "name it; pandas leaves its index out with to_csv(..., index=False)"
            raise UsageError(f"{where}: column {number} has no name", hint=hint)
        if name in seen:
            raise UsageError(f"{where}: the column {shown(name)} stands there twice", hint="give each its own name")
        seen.add(name)
