"""Reads the list on stdin: a path a line, or a row as a JSON object."""

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hf_spaces_runner.batch.sources.entry import Entry
from hf_spaces_runner.batch.sources.jsonl_table import json_entry
from hf_spaces_runner.batch.sources.lines import TOO_LONG, Line, read_lines
from hf_spaces_runner.batch.sources.prompt_lines import prompt_entry
from hf_spaces_runner.batch.sources.shown import shown

_NAME = "stdin"
_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class StdinList:
    """A list that can be read once. Paths that end in NUL (`find -print0`) may hold newlines."""

    stream: BinaryIO

    @property
    def name(self) -> str:
        """Where it comes from."""
        return _NAME

    @property
    def columns(self) -> None:
        """What comes is not known yet."""
        return

    def entries(self) -> Iterator[Entry]:
        """Yield what each line names; blank lines are left out. See `Source`."""
        stream = _with_peek(self.stream)
        start = stream.peek(1)
        ends_with = b"\0" if b"\0" in start and not start.lstrip().startswith(b"{") else b"\n"
        for line in read_lines(stream, ends_with=ends_with):
            data = line.data.removeprefix(_MARK) if line.number == 1 and line.data is not None else line.data
            if data is None or data.strip():
                yield _entry(Line(line.number, line.offset, data), is_text=ends_with == b"\n")

    def count(self) -> None:
        """Nobody knows before the end."""
        return


@dataclass(frozen=True, slots=True)
class StdinPrompts:
    """Prompts that come on stdin, one a line; blank lines are left out."""

    stream: BinaryIO

    @property
    def name(self) -> str:
        """Where it comes from."""
        return _NAME

    @property
    def columns(self) -> tuple[str, ...]:
        """The line is the column `prompt`."""
        return ("prompt",)

    def entries(self) -> Iterator[Entry]:
        """Yield a prompt a line; see `Source`."""
        for line in read_lines(self.stream):
            if line.data is None or line.data.strip():
                yield prompt_entry(line, _NAME)

    def count(self) -> None:
        """Nobody knows before the end."""
        return


def _with_peek(stream: BinaryIO) -> io.BufferedReader:
    return stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream)  # type: ignore[arg-type]


def _entry(line: Line, *, is_text: bool) -> Entry:
    if line.data is None:
        source = f"{_NAME}:{line.number}"
        return Entry(source=source, fault=f"{source}: the line is {TOO_LONG}")
    if is_text and line.data.lstrip().startswith(b"{"):
        return json_entry(line, _NAME, Path())
    data = line.data.removesuffix(b"\n").removesuffix(b"\r") if is_text else line.data
    path = Path(os.fsdecode(data))
    return Entry(source=f"{_NAME}:{line.number} {shown(path)}", file=path, id=str(path), line=line.number)
