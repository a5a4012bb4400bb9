"""Finds the lines that each entry of a registry file takes, for who edits them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import yaml

from hf_spaces_runner.registry.layout import MAX_SECTION_BYTES, Block, OddLayoutError, blocks_of
from hf_spaces_runner.registry.yaml_source import is_yaml

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN_KEY = re.compile(rb" *([A-Za-z0-9_][\w.-]*)[ \t]*:")
_OPENS = re.compile(rb"[\"'\[\]{}]|\r(?!\n)|\xc2\x85|\xe2\x80[\xa8\xa9]")
"""What may reach over the lines of an entry, and the line ends that only YAML takes for such."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """The lines from `first` up to `end`, from 0: an entry, or a top-level key, with what follows it."""

    id: str
    first: int
    end: int
    indent: int
    is_entry: bool
    is_head: bool


def pieces_of(lines: Sequence[bytes]) -> list[Piece]:
    """Return the pieces of a file in their order.

    Raises:
        OddLayoutError: its entries do not stand each on lines of its own.
    """
    blocks = list(blocks_of(lines))
    ends = [block.first_line for block in blocks[1:]] + [len(lines)] * bool(blocks)
    pieces, is_broken = [], False
    for block, end in zip(blocks, ends, strict=True):
        plain = _PLAIN_KEY.match(block.text)
        key = plain[1].decode() if plain else None
        if block.is_entry and (key is None or _OPENS.search(block.text)):
            try:
                key = _only_key(block)
            except yaml.YAMLError:
                is_broken, key = True, None
        pieces.append(
            Piece(
                id=key if key is not None else _key_as_it_stands(block),
                first=block.first_line,
                end=end,
                indent=_margin(block.text),
                is_entry=block.is_entry,
                is_head=block.is_head,
            )
        )
    # Pieces that are no YAML, of a file that is: a quote or a bracket reaches over what looks like entries.
    if is_broken and sum(map(len, lines)) <= MAX_SECTION_BYTES and is_yaml(b"".join(lines).decode("utf-8", "replace")):
        raise OddLayoutError("quotes or brackets that reach over several entries")
    return pieces


def end_of_entry(lines: Sequence[bytes], piece: Piece) -> int:
    """Return the line behind the last one of an entry, and behind comments that follow at once, indented as its keys.

    What follows then belongs to nobody.
    """
    own = lines[piece.first : piece.end]
    count = _lines_of_values(b"".join(own).decode("utf-8", "replace"))
    if count is None:  # it is broken; what is indented more than the id is all that can be its own
        return piece.first + max(n for n, line in enumerate(own, 1) if n == 1 or _is_below(line, piece.indent))
    while count < len(own) and _is_below(own[count], piece.indent):
        count += 1
    return piece.first + count


def line_below(lines: Sequence[bytes], piece: Piece) -> int:
    """Return the line where another entry can follow: behind all that is indented, before what comes next."""
    own = lines[piece.first : piece.end]
    return piece.first + max(n for n, line in enumerate(own, 1) if n == 1 or _is_below(line, 0))


def _is_below(line: bytes, indent: int) -> bool:
    return bool(line.strip()) and (_margin(line) > indent or line[:1] == b"\t")


def _margin(text: bytes) -> int:
    return len(text) - len(text.lstrip(b" "))


def _lines_of_values(text: str) -> int | None:
    """Return how many lines of `text` there are up to its last value; None where it is not YAML."""
    end = 0
    try:
        for token in yaml.scan(text, _Loader):
            if not isinstance(token, yaml.BlockEndToken | yaml.StreamEndToken):
                end = token.end_mark.index
    except yaml.YAMLError:
        return None
    return text[:end].rstrip().count("\n") + 1


def _only_key(block: Block) -> str | None:
    """Return the key of an entry, which may be in quotes; None without a colon. Raises `OddLayoutError` if several."""
    nodes, depth, key = 0, 0, None
    for event in yaml.parse(block.text.decode("utf-8", "replace"), _Loader):
        if depth == 1 and isinstance(event, yaml.NodeEvent):
            nodes += 1
            key = event.value if nodes == 1 and isinstance(event, yaml.ScalarEvent) else key
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    if nodes and (key is None or nodes != 2):  # noqa: PLR2004 - a key and its value
        raise OddLayoutError(f"line {block.first_line + 1}")
    return key


def _key_as_it_stands(block: Block) -> str:
    return block.text.partition(b":")[0].strip().decode("utf-8", "replace").strip("'\"")
