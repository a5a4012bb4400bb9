"""Cuts a stream into CSV records, in bounded memory, and goes on behind those that are broken."""

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from hf_spaces_runner.batch.sources.lines import TOO_LONG, Line, read_lines
from hf_spaces_runner.batch.sources.spec import MAX_LINE_BYTES

_MAX_LINES = 100_000
_MAX_READ_AGAIN_BYTES = 16 * MAX_LINE_BYTES


@dataclass(frozen=True, slots=True)
class Record:
    """A record and the lines in which it begins and ends. `fault` says why there are no cells."""

    first: Line
    last: Line
    cells: list[str]
    fault: str | None = None


class _BrokenLineError(Exception):
    """A line cannot be part of a record; the message says why."""


class _Feed:
    """Gives lines to the parser and keeps those of the record at hand."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._again: deque[Line] = deque()
        self._read_again_bytes = 0
        self.record: list[Line] = []
        self._record_bytes = 0

    def begin(self) -> None:
        """Forget the record before."""
        self.record = []
        self._record_bytes = 0

    def put_back(self) -> None:
        """Let all lines of the record but its first be read again: a quote too many costs one line, not the rest.

        Only so often: a table can be written so that each line opens a quote that is never closed.
        """
        self._read_again_bytes += self._record_bytes
        if self._read_again_bytes <= _MAX_READ_AGAIN_BYTES:
            self._again.extendleft(reversed(self.record[1:]))

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.record.append(line)
        if line.data is None:
            raise _BrokenLineError(f"the line is {TOO_LONG}")
        self._record_bytes += len(line.data)
        if self._record_bytes > MAX_LINE_BYTES or len(self.record) > _MAX_LINES:
            raise _BrokenLineError(f"the row is {TOO_LONG}, or has too many lines: is a quote not closed?")
        if b"\0" in line.data:
            raise _BrokenLineError("it holds a NUL byte")
        try:
            return line.data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise _BrokenLineError(f"it is not UTF-8 (byte {error.start + 1} of the line)") from None


def read_records(stream: BinaryIO, delimiter: str, *, offset: int = 0, number: int = 1) -> Iterator[Record]:
    """Yield the records from where `stream` stands, said to be line `number` at `offset`; blank lines are left out."""
    # A limit of the whole process, and only ever raised: what a record may weigh, the feed says.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE_BYTES))
    feed = _Feed(read_lines(stream, offset=offset, number=number))
    parser = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        feed.begin()
        try:
            cells = next(parser)
        except StopIteration:
            return
        except (csv.Error, _BrokenLineError) as error:
            first = feed.record[0]
            feed.put_back()
            yield Record(first, first, [], _in_words(str(error)))
            continue
        first = feed.record[0]
        if cells and (len(feed.record) > 1 or (first.data or b"").strip(b" \r\n")):
            yield Record(first, feed.record[-1], cells)


def _in_words(reason: str) -> str:
    if reason == "unexpected end of data":
        return "a quote is opened and never closed"
    if "expected after" in reason:
        return "behind a closing quote there is more text; a quote within quotes is written twice"
    if reason.startswith("new-line character"):
        return "a carriage return stands alone; put the cell in quotes"
    return reason
