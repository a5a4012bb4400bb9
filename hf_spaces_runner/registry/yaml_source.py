"""Reads a YAML file and remembers where each value stands, so that every complaint names its line and column."""

from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from hf_spaces_runner.domain.terminal import printable
from hf_spaces_runner.errors import InvalidRegistryError

if TYPE_CHECKING or not hasattr(yaml, "CSafeLoader"):
    from yaml import SafeLoader as FastLoader
else:
    from yaml import CSafeLoader as FastLoader

MAX_BYTES = 256 * 1024**2
_MAX_DEPTH = 50
"""The C composer calls itself for each level, and the stack of the process is its only limit."""


class _UniqueKeyLoader(FastLoader):
    """YAML allows a reader to take the last of two equal keys; here the first would silently be lost."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> object:
        """Say where a value stands that is written well and cannot be, such as the date 2026-13-45."""
        try:
            return super().construct_object(node, deep=deep)
        except ValueError as error:
            raise yaml.constructor.ConstructorError(problem=str(error), problem_mark=node.start_mark) from error

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        mapping = super().construct_mapping(node, deep=deep)
        if len(mapping) != len(node.value):
            seen = set()
            for key_node, _ in node.value:
                key = self.construct_object(key_node, deep=True)
                if key in seen:
                    raise yaml.constructor.ConstructorError(
                        problem=f"the key {key!r} stands twice", problem_mark=key_node.start_mark
                    )
                seen.add(key)
        return mapping


def read_yaml(path: Path) -> object:
    """Return the plain value that the YAML file at `path` holds; None for an empty one.

    Raises:
        InvalidRegistryError: it cannot be read, or is not YAML; the message names file:line:column.
    """
    text = _read_text(path)
    try:
        _refuse_what_grows(text)
        return yaml.load(text, _UniqueKeyLoader)  # noqa: S506 - derives from a safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        problem = printable(error.problem or error.context or "not YAML")
        raise InvalidRegistryError(f"{where}: {problem}") from error
    except yaml.reader.ReaderError as error:
        raise InvalidRegistryError(
            f"{path}:{_line_and_column(text, error)}: the character U+{_character(error):04X} may not stand in YAML"
        ) from error


def positions_of(path: Path, locations: Iterable[Sequence[object]]) -> list[str]:
    """Return for each of `locations` (keys and indexes) the `file:line:column` of its value, or its nearest parent's.

    The file is one that `read_yaml` has taken.
    """
    root = yaml.compose(_read_text(path), FastLoader)
    return [_position(path, root, location) for location in locations]


def _position(path: Path, node: yaml.Node | None, location: Sequence[object]) -> str:
    for step in location:
        child = _child(node, step)
        if child is None:
            break
        node = child
    return f"{path}:{node.start_mark.line + 1}:{node.start_mark.column + 1}" if node else f"{path}:1:1"


def _refuse_what_grows(text: str) -> None:
    """Refuse aliases, of which a few lines can stand for gigabytes, and nesting that no registry has."""
    depth = 0
    for event in yaml.parse(text, FastLoader):
        if isinstance(event, yaml.AliasEvent):
            raise _unwanted("aliases (*name) are not allowed here", event)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _MAX_DEPTH:
                raise _unwanted(f"nested more than {_MAX_DEPTH} levels deep", event)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _unwanted(problem: str, event: yaml.Event) -> yaml.MarkedYAMLError:
    mark: Any = event.start_mark  # libyaml's class of marks or that of the parser in Python, alike but not related
    return yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


def _line_and_column(text: str, error: yaml.reader.ReaderError) -> str:
    # libyaml counts bytes, the reader in Python characters.
    in_bytes = FastLoader is getattr(yaml, "CSafeLoader", None)
    before = text.encode()[: error.position].decode("utf-8", "ignore") if in_bytes else text[: error.position]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def _character(error: yaml.reader.ReaderError) -> int:
    return error.character if isinstance(error.character, int) else ord(error.character)


def _child(node: yaml.Node | None, step: object) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        child: yaml.Node = node.value[step]
        return child
    return None


def _read_text(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():
            raise InvalidRegistryError(f"{path}: is not a file")
        if path.stat().st_size > MAX_BYTES:
            raise InvalidRegistryError(f"{path}: is larger than {MAX_BYTES // 1024**2} MiB")
        content = path.read_bytes()
    except OSError as error:
        raise InvalidRegistryError(
            f"{path}: cannot be read: {error.strerror}", hint="hfsr config shows which registry file is in force"
        ) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = content.count(b"\n", 0, error.start) + 1, error.start - content.rfind(b"\n", 0, error.start)
        raise InvalidRegistryError(
            f"{path}:{line}:{column}: is not UTF-8 (byte {error.start})", hint="save it as UTF-8"
        ) from error
