"""Reads a registry file entry by entry: YAML, then the form of each; what is broken is told and left out."""

import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.registry.entry import SPACE_NAME, CategoryLists, EntryMap, SpaceEntry
from hf_spaces_runner.registry.fault import Fault
from hf_spaces_runner.registry.fault_words import in_words
from hf_spaces_runner.registry.layout import (
    MAX_ENTRY_BYTES,
    MAX_SECTION_BYTES,
    Block,
    OddLayoutError,
    blocks_of,
    lines_of,
)
from hf_spaces_runner.registry.yaml_source import YamlProblem, is_yaml, parse_yaml, place_in

MAX_BYTES = 256 * 1024**2
_MAX_SHOWN = 200
_MAX_MESSAGE = 1000
_MAX_NAME = 128
_MAX_BITS = 256
_MAX_ODD_BYTES = MAX_SECTION_BYTES
"""A file in another layout is built in memory as a whole, which takes thirty times its size."""
_SECTIONS = ("spaces", "categories")
_TOO_LARGE_FOR_ITS_LAYOUT = (
    "in a file of this size each entry must stand on lines of its own, below `spaces:`",
    "write it as hfsr registry export does",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadEntry:
    """One good entry. `space` is None where the digest of its lines is a known one.

    `text`, which stands at `line`, from 0, is that of the entry alone where `is_block`, else that of all `spaces:`.
    """

    id: str
    category: str
    line: int
    digest: bytes
    text: str
    is_block: bool = True
    space: Space | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadCategories:
    """What stands under `categories:`. `text` stands at `line`, from 0; not `is_whole`: it could not be read."""

    ids: Mapping[str, Sequence[str]] = field(default_factory=dict)
    is_whole: bool = True
    line: int = 0
    text: str = ""


Piece = ReadEntry | ReadCategories | Fault


def read_entries(
    path: Path, *, origin: str, known: Mapping[bytes, tuple[str, str]], whole: bool = False
) -> Iterator[Piece]:
    """Yield what the registry file at `path` holds, good entries and faults, in its order.

    Args:
        path: the file.
        origin: where its entries come from, for people.
        known: id and category by the digest of an entry's lines; those are not read again.
        whole: whether it is read in one piece, which takes longer and needs thirty times its size.

    Raises:
        InvalidRegistryError: the file cannot be read at all.
        OddLayoutError: it must be read whole; what was yielded so far counts for nothing.
    """
    check_file(path)
    reader = _Reader(path, origin, known)
    try:
        yield from reader.whole() if whole else reader.pieces()
    except OSError as error:
        raise _unreadable(path, error) from error


def check_file(path: Path) -> None:
    """Check that there is a file at `path` that can be a registry.

    Raises:
        InvalidRegistryError: it is not there, something else, or too large.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from error
    if not stat.S_ISREG(status.st_mode):
        kind = "a directory" if stat.S_ISDIR(status.st_mode) else "a device, a pipe or a socket"
        raise InvalidRegistryError(
            f"{path}: is not a file but {kind}", hint="hfsr config shows which registry file is in force"
        )
    if status.st_size > MAX_BYTES:
        raise InvalidRegistryError(
            f"{path}: is larger than {MAX_BYTES // 1024**2} MiB", hint="hfsr discover keeps what it finds elsewhere"
        )


def _unreadable(path: Path, error: OSError) -> InvalidRegistryError:
    return InvalidRegistryError(
        f"{path}: cannot be read: {error.strerror}", hint="hfsr config shows which registry file is in force"
    )


class _Reader:
    def __init__(self, path: Path, origin: str, known: Mapping[bytes, tuple[str, str]]) -> None:
        self._path = path
        self._directory = path.absolute().parent
        self._origin = origin
        self._known = known
        self._is_odd: bool | None = None

    def pieces(self, *, strict: bool = True) -> Iterator[Piece]:
        if not strict:
            self._is_odd = False
        with self._path.open("rb") as file:
            sections: set[str] = set()
            for block in blocks_of(lines_of(file, strict=strict), strict=strict):
                yield from self._of_entry(block) if block.is_entry else self._of_section(block, sections)

    def whole(self) -> Iterator[Piece]:
        if self._path.stat().st_size > _MAX_ODD_BYTES:
            yield from self._what_is_good(self._fault(0, 0, (), *_TOO_LARGE_FOR_ITS_LAYOUT))
            return
        content = self._path.read_bytes()
        text = self._text(Block(first_line=0, text=content.removeprefix(b"\xef\xbb\xbf")))
        if isinstance(text, Fault):
            yield from self._what_is_good(text)
            return
        try:
            value = parse_yaml(text)
        except YamlProblem as problem:
            fault = self._fault(problem.line, problem.column, (), problem.message, problem.fix)
            yield from self._what_is_good(fault)
            return
        if isinstance(value, dict):
            yield from self._section(value, text, 0)
        elif value is not None:
            yield self._fault(0, 0, (), "must be a list of `key: value` lines", "begin with `spaces:`", value)

    def _what_is_good(self, fault: Fault) -> Iterator[Piece]:
        """Yield the pieces of a file that is broken as a whole; `fault` where it is not seen in one of them."""
        is_told = False
        for piece in self.pieces(strict=False):
            is_told = is_told or isinstance(piece, Fault)
            yield piece
        if not is_told:
            yield fault

    def _of_entry(self, block: Block) -> Iterator[Piece]:
        digest = blake2b(block.text, digest_size=16).digest()
        text = self._text(block)
        if isinstance(text, Fault):
            yield text
            return
        if digest in self._known:
            entry_id, category = self._known[digest]
            yield ReadEntry(id=entry_id, category=category, line=block.first_line, digest=digest, text=text)
            return
        value = self._parsed(text, block)
        if isinstance(value, Fault):
            yield value
        elif not isinstance(value, dict):
            yield self._fault(block.first_line, 0, ("spaces",), "must be a list of `id:` and its keys", "add a colon")
        else:
            for key, fields in value.items():
                yield from self._checked(str(key), fields, digest, text, block.first_line, prefix=())

    def _of_section(self, block: Block, sections: set[str]) -> Iterator[Piece]:
        text = self._text(block)
        value = text if isinstance(text, Fault) else self._parsed(text, block)
        if isinstance(value, Fault) or isinstance(text, Fault):
            assert isinstance(value, Fault)  # noqa: S101 - for the type checker
            yield value
            if value.keys == ("categories",):
                yield ReadCategories(is_whole=False)
        elif isinstance(value, dict):
            name = next(iter(value), "")
            if name in sections:
                yield self._fault(block.first_line, 0, (str(name),), f"the key {name!r} stands twice", "merge the two")
            sections.add(name)
            yield from self._section(value, text, block.first_line)
        elif value is not None:
            yield self._fault(block.first_line, 0, (), "must be a list of `key: value` lines", "", value)

    def _section(self, value: Mapping[Any, Any], text: str, line: int) -> Iterator[Piece]:
        for name, content in value.items():
            if name == "spaces":
                yield from self._of_map(content, text, line)
            elif name == "categories":
                yield from self._of_categories(content, text, line)
            else:
                row, column = place_in(text, (name,))
                message, fix = in_words({"type": "extra_forbidden", "loc": (name,)}, _SECTIONS)
                yield self._fault(line + row, column, (str(name),), message, fix)

    def _of_map(self, content: object, text: str, line: int) -> Iterator[Piece]:
        """Yield the pieces of a `spaces:` that is no block of lines, as in JSON."""
        if not isinstance(content, dict):
            try:
                EntryMap.model_validate({"spaces": content})
            except ValidationError as error:
                yield from self._told(error, text, line, prefix=(), entry=None, model=EntryMap)
            return
        for key, fields in content.items():
            digest = blake2b(repr((key, fields)).encode(), digest_size=16).digest()
            yield from self._checked(str(key), fields, digest, text, line, prefix=("spaces",))

    def _of_categories(self, content: object, text: str, line: int) -> Iterator[Piece]:
        ids: dict[str, Sequence[str]] = {}
        one_by_one = [{name: listed} for name, listed in content.items()] if isinstance(content, dict) else [content]
        for one in one_by_one:
            try:
                lists = CategoryLists.model_validate({"categories": one})
            except ValidationError as error:
                yield from self._told(error, text, line, prefix=(), entry=None, model=CategoryLists)
                # The category is there all the same: its Spaces stay.
                ids.update({name: () for name in one if isinstance(name, str)} if isinstance(one, dict) else {})
            else:
                ids.update({name: listed or () for name, listed in (lists.categories or {}).items()})
        yield ReadCategories(ids=ids, line=line, text=text)

    def _checked(
        self, key: str, fields: object, digest: bytes, text: str, line: int, *, prefix: tuple[str, ...]
    ) -> Iterator[Piece]:
        try:
            if not SPACE_NAME.fullmatch(key):
                EntryMap.model_validate({"spaces": {key: fields}})
            checked = SpaceEntry.model_validate(fields)
        except ValidationError as error:
            yield from self._told(error, text, line, prefix=(*prefix, key), entry=key, model=SpaceEntry)
            return
        if checked.id != key:
            row, column = place_in(text, (*prefix, key, "id"))
            message = f"must be the entry's key, {key!r}"
            yield self._fault(line + row, column, ("spaces", key, "id"), message, f"write id: {key}", checked.id, key)
            return
        space = checked.to_space(registry_directory=self._directory, origin=self._origin)
        yield ReadEntry(
            id=key, category=space.category, line=line, digest=digest, text=text, is_block=not prefix, space=space
        )

    def _told(
        self,
        error: ValidationError,
        text: str,
        line: int,
        *,
        prefix: tuple[str, ...],
        entry: str | None,
        model: type[BaseModel],
    ) -> Iterator[Fault]:
        for found in error.errors(include_url=False):
            steps = found["loc"][2:] if found["loc"][:1] == ("spaces",) and entry else found["loc"]
            message, fix = in_words(found, list(model.model_fields))
            row, column = place_in(text, (*prefix, *(step for step in steps if step != "[key]")))
            keys = tuple(str(step) for step in (*(("spaces", entry) if entry else ()), *steps) if step != "[key]")
            value = None if found["type"] == "missing" else found.get("input")
            yield self._fault(line + row, column, keys, message, fix, value, entry)

    def _parsed(self, text: str, block: Block) -> object:
        try:
            return parse_yaml(text)
        except YamlProblem as problem:
            if self._is_odd is None and problem.is_syntax:
                self._is_odd = self._path.stat().st_size <= _MAX_ODD_BYTES and self._is_yaml_as_a_whole()
            if self._is_odd and problem.is_syntax:
                raise OddLayoutError(f"line {block.first_line + 1}") from problem
            entry, keys = _name_of(block)
            line = block.first_line + problem.line
            return self._fault(line, problem.column, keys, problem.message, problem.fix, entry=entry)

    def _is_yaml_as_a_whole(self) -> bool:
        return is_yaml(self._path.read_bytes().decode("utf-8-sig", "replace"))

    def _text(self, block: Block) -> str | Fault:
        entry, keys = _name_of(block)
        if block.too_long:
            told = (f"is longer than {MAX_ENTRY_BYTES // 1024**2} MiB", "shorten it")
            message, fix = told if block.is_entry else _TOO_LARGE_FOR_ITS_LAYOUT
            return self._fault(block.first_line, 0, keys, message, fix, entry=entry)
        try:
            return block.text.decode("utf-8")
        except UnicodeDecodeError as error:
            row = block.text.count(b"\n", 0, error.start)
            column = error.start - block.text.rfind(b"\n", 0, error.start) - 1
            return self._fault(block.first_line + row, column, keys, "is not UTF-8", "save it as UTF-8", entry=entry)

    def _fault(
        self,
        line: int,
        column: int,
        keys: Sequence[str],
        message: str,
        fix: str = "",
        value: object = None,
        entry: str | None = None,
    ) -> Fault:
        return Fault(
            file=str(self._path),
            line=line + 1,
            column=column + 1,
            keys=tuple(keys),
            message=message[:_MAX_MESSAGE],
            fix=fix,
            value=_shown(value),
            entry=entry,
        )


def _shown(value: object) -> str | None:
    if value is None or isinstance(value, dict | list | bytes):
        return None
    # Python writes no number of thousands of digits down, which YAML may hold as 0xfff...
    is_huge = isinstance(value, int) and value.bit_length() > _MAX_BITS
    return "a very large number" if is_huge else str(value)[:_MAX_SHOWN]


def _name_of(block: Block) -> tuple[str | None, tuple[str, ...]]:
    """Return the id of the entry that `block` is, if it is one, and the keys that lead to it, without reading it."""
    start = block.text.lstrip()[: 4 * _MAX_NAME].decode("utf-8", "replace")
    name, colon, _ = start.partition(":")
    name = name.strip("'\" \t")[:_MAX_NAME]
    if block.is_entry:
        return name, ("spaces", name)
    return None, (name,) if colon and name in _SECTIONS else ()
