"""Reads lines of a file that may be of any length, in bounded memory."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hf_spaces_runner.batch.sources.shown import shown, why_not
from hf_spaces_runner.batch.sources.spec import MAX_LINE_BYTES
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.errors import UsageError

_CHUNK_BYTES = 1024**2
_BUFFER_BYTES = 256 * 1024
_MAX_COUNTED_BYTES = 4 * 1024**3
_OTHER_BOMS = {codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16"}
TOO_LONG = f"longer than {format_size(MAX_LINE_BYTES)}"


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its end; `data` is None where it is longer than `MAX_LINE_BYTES`. `number` counts from 1."""

    number: int
    offset: int
    data: bytes | None


def read_lines(stream: BinaryIO, *, offset: int = 0, number: int = 1, ends_with: bytes = b"\n") -> Iterator[Line]:
    """Yield the lines from where `stream` stands, said to be line `number` at `offset`."""
    if ends_with != b"\n":
        yield from _read_parts(stream, ends_with)
        return
    while data := stream.readline(MAX_LINE_BYTES + 1):
        length = len(data)
        if length > MAX_LINE_BYTES and not data.endswith(b"\n"):
            while (more := stream.readline(_CHUNK_BYTES)) and not more.endswith(b"\n"):
                length += len(more)
            length += len(more)
            yield Line(number, offset, None)
        else:
            yield Line(number, offset, data)
        offset += length
        number += 1


def _read_parts(stream: BinaryIO, ends_with: bytes) -> Iterator[Line]:
    number, rest, too_long = 1, b"", False
    while chunk := stream.read(_CHUNK_BYTES):
        *parts, rest = (rest + chunk).split(ends_with)
        for part in parts:
            yield Line(number, 0, None if too_long else part)
            number, too_long = number + 1, False
        if len(rest) > MAX_LINE_BYTES:
            rest, too_long = b"", True
    if rest or too_long:
        yield Line(number, 0, None if too_long else rest)


def open_lines(path: Path) -> BinaryIO:
    """Open `path` and pass over its byte order mark.

    Raises:
        UsageError: it cannot be read, or is in UTF-16.
    """
    try:
        stream = path.open("rb", buffering=_BUFFER_BYTES)
    except (OSError, ValueError) as error:
        raise UsageError(f"{shown(path)} {why_not(error)}") from error
    try:
        skip_mark(stream, path)
    except BaseException:
        stream.close()
        raise
    return stream


def skip_mark(stream: BinaryIO, name: Path) -> None:
    """Pass over the byte order mark at the start of `stream`, a file.

    Raises:
        UsageError: it cannot be read, or the mark is that of UTF-16.
    """
    try:
        start = stream.read(len(codecs.BOM_UTF8))
        stream.seek(len(start) if start == codecs.BOM_UTF8 else 0)
    except OSError as error:
        raise UsageError(f"{shown(name)} {why_not(error)}") from error
    other = _OTHER_BOMS.get(start[:2])
    if other is not None:
        raise UsageError(
            f"{shown(name)} is {other}, not UTF-8", hint=f"iconv -f {other} -t UTF-8 FILE > NEW makes it UTF-8"
        )


def count_lines(path: Path) -> int | None:
    """Return how many lines `path` has; None if it cannot be read, or is so large that this would take long."""
    try:
        with path.open("rb", buffering=0) as stream:
            if path.stat().st_size > _MAX_COUNTED_BYTES:
                return None
            lines, last = 0, b"\n"
            while chunk := stream.read(_CHUNK_BYTES):
                lines += chunk.count(b"\n")
                last = chunk[-1:]
            return lines + (last != b"\n")
    except OSError:
        return None
