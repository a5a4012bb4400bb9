"""Cuts a registry file into its entries, line by line, so that one can be read, edited or broken without the others."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import BinaryIO

MAX_ENTRY_BYTES = 1024**2
MAX_SECTION_BYTES = 16 * 1024**2
"""Of `categories:` with its value, and of anything else that is no entry."""
_MARK = b"\xef\xbb\xbf"
_KEY = re.compile(rb"[A-Za-z_][\w-]*[ \t]*:(?=[ \t\r\n]|\Z)")
_SPACES = re.compile(rb"spaces[ \t]*:[ \t]*(#.*)?\r?\n?\Z")
_BLANK = re.compile(rb"[ \t]*(#.*)?\r?\n?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Lines of the file from `first_line`, from 0: an entry of `spaces:`, or a top-level key with its value.

    `is_head` marks the line `spaces:` itself. `too_long` says that the text was cut at `MAX_ENTRY_BYTES`, or
    `MAX_SECTION_BYTES`.
    """

    first_line: int
    text: bytes
    is_entry: bool = False
    is_head: bool = False
    too_long: bool = False


class OddLayoutError(ValueError):
    """The file may be YAML, but its entries do not stand each on lines of their own."""


def blocks_of(lines: Iterable[bytes], *, strict: bool = True) -> Iterator[Block]:
    """Yield the blocks of a file in their order; comments and blank lines belong to the block before them.

    Those before the first key are left out. Where not `strict`, a line that can stand nowhere belongs to the block
    before it, too, and breaks that one.

    Raises:
        OddLayoutError: if `strict`: the file is laid out in another way than `registry.yaml` is, such as
            `spaces: {...}`.
    """
    section = _Section(strict=strict)
    first, text, too_long, start = 0, bytearray(), False, _Start.NONE
    for number, line in enumerate(lines):
        next_start = section.start_of(line, number)
        if next_start is not _Start.NONE:
            if text:
                yield _block(first, text, start, too_long=too_long)
            first, text, too_long, start = number, bytearray(), False, next_start
        if start is _Start.NONE and not text and _BLANK.fullmatch(line):
            first = number + 1
        elif len(line) > MAX_ENTRY_BYTES or len(text) + len(line) > _MOST[start]:
            too_long = True
        else:
            text += line
    if text:
        yield _block(first, text, start, too_long=too_long)


class _Start(Enum):
    """What begins with a line; `NONE` goes on with the block before it."""

    NONE = auto()
    KEY = auto()
    HEAD = auto()
    ENTRY = auto()


_MOST = {start: MAX_ENTRY_BYTES if start is _Start.ENTRY else MAX_SECTION_BYTES for start in _Start}


class _Section:
    """The top-level key that the reader is in."""

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict
        self._has_key = False
        self._in_spaces = False
        self._indent: int | None = None

    def start_of(self, line: bytes, number: int) -> _Start:
        """Return what begins with `line`. Raises `OddLayoutError`."""
        margin = len(line) - len(line.lstrip(b" "))
        # A tab before a value is a mistake, and that of the block it stands in.
        if _BLANK.fullmatch(line) or line[margin : margin + 1] == b"\t":
            return _Start.NONE
        if margin == 0:
            return self._key(line, number)
        if not self._in_spaces:
            return _Start.NONE
        self._indent = margin if self._indent is None else self._indent
        is_entry = margin == self._indent
        if margin < self._indent or (is_entry and line[margin : margin + 2].rstrip() in {b"-", b"?"}):
            return self._odd(number)
        return _Start.ENTRY if is_entry else _Start.NONE

    def _key(self, line: bytes, number: int) -> _Start:
        if line.rstrip() == b"---" and not self._has_key:
            return _Start.NONE
        if not _KEY.match(line):
            return self._odd(number)
        self._has_key = True
        self._in_spaces, self._indent = _SPACES.fullmatch(line) is not None, None
        return _Start.HEAD if self._in_spaces else _Start.KEY

    def _odd(self, number: int) -> _Start:
        if self._strict:
            raise OddLayoutError(f"line {number + 1}")
        return _Start.NONE


def _block(first_line: int, text: bytearray, start: _Start, *, too_long: bool) -> Block:
    return Block(
        first_line=first_line,
        text=bytes(text),
        is_entry=start is _Start.ENTRY,
        is_head=start is _Start.HEAD,
        too_long=too_long,
    )


def lines_of(file: BinaryIO, *, strict: bool = True) -> Iterator[bytes]:
    """Yield the lines of `file`, without the byte order mark of UTF-8 before the first.

    Where not `strict`, one that is longer than `MAX_ENTRY_BYTES` is cut a byte later.

    Raises:
        OddLayoutError: if `strict`: a line is longer than an entry may be.
    """
    number = 0
    while line := file.readline(MAX_ENTRY_BYTES + 1):
        yield line.removeprefix(_MARK) if number == 0 else line
        number += 1
        if len(line) > MAX_ENTRY_BYTES and not line.endswith(b"\n"):
            if strict:
                raise OddLayoutError(f"line {number}")
            while (rest := file.readline(MAX_ENTRY_BYTES)) and not rest.endswith(b"\n"):
                pass
