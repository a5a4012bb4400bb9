"""Reads YAML that people write: plain values, each with the place where it stands, and nothing that grows."""

from collections.abc import Hashable, Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import yaml

from hf_spaces_runner.domain.terminal import printable

if TYPE_CHECKING or not hasattr(yaml, "CSafeLoader"):
    from yaml import SafeLoader as FastLoader
else:
    from yaml import CSafeLoader as FastLoader

_MAX_DEPTH = 50
"""The C composer calls itself for each level, and the stack of the process is its only limit."""
_OPENERS = ("\n", "[", "{", "- ", "? ", "-\t", "?\t")
"""Each level of nesting needs a line of its own or one of these."""
_IN_OTHER_WORDS = {
    "found character that cannot start any token": "a character stands here that begins no value",
    "mapping values are not allowed in this context": "a second colon in one line, or a line indented wrongly",
    "did not find expected key": "a line is indented wrongly, or a quote or bracket is not closed",
    "could not find expected ':'": "a colon and a value are missing",
    "found a tab character that violates indentation": "a tab",
    "found unexpected end of stream": "a quote is not closed",
    "did not find expected ',' or ']'": "a bracket is not closed, or a comma is missing",
    "did not find expected ',' or '}'": "a bracket is not closed, or a comma is missing",
    "did not find expected node content": "a value is missing, or a bracket is not closed",
    "did not find expected <document start>": "a line is indented wrongly",
    "but found another document": "a second document begins here",
}
_TAGS = "tag:yaml.org,2002:"
_TEXT = f"{_TAGS}str"
_MAX_COLON_LENGTH = 100
"""A value with colons that is no text is a time, or a number to the base of 60, which takes minutes if it is long."""
_TOO_LONG = "a number with colons, to the base of 60, is too long"
_FIXES = {
    "a tab": "indent with spaces, not with tabs",
    "a second colon in one line, or a line indented wrongly": "put a text that holds a colon into quotes",
    _TOO_LONG: "put it into quotes",
    "a second document begins here": "remove the line ---",
    "a character stands here that begins no value": "put the text into quotes; indent with spaces, not with tabs",
}


class YamlProblem(ValueError):  # noqa: N818 - it becomes a Fault
    """A text is not YAML, or not YAML that is read here. `line` and `column` count from 0, in that text.

    `is_syntax` says that it may be a part of YAML that was cut in the wrong place.
    """

    def __init__(self, *, line: int, column: int, message: str, fix: str = "", is_syntax: bool = False) -> None:
        super().__init__(message)
        self.line = line
        self.column = column
        self.message = message
        self.fix = fix
        self.is_syntax = is_syntax


class _UniqueKeyLoader(FastLoader):
    """YAML allows a reader to take the last of two equal keys; here the first would silently be lost."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> object:
        """Say where a value stands that is written well and cannot be, such as the date 2026-13-45."""
        if isinstance(node, yaml.ScalarNode):
            if node.tag == _TEXT:
                return node.value  # as the long way has it, and nearly every value of a registry is one
            if ":" in node.value and len(node.value) > _MAX_COLON_LENGTH:
                raise yaml.constructor.ConstructorError(problem=_TOO_LONG, problem_mark=node.start_mark)
        try:
            return super().construct_object(node, deep=deep)
        except ValueError as error:
            raise yaml.constructor.ConstructorError(problem=str(error), problem_mark=node.start_mark) from error
        except (AttributeError, LookupError, ArithmeticError) as error:
            # PyYAML's own way to say that of `!!timestamp x`, `!!bool x`, `!!int ""`.
            said = f"the value cannot be {node.tag.removeprefix(_TAGS)!r}"
            raise yaml.constructor.ConstructorError(problem=said, problem_mark=node.start_mark) from error

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


def parse_yaml(text: str) -> object:
    """Return the plain value that `text` holds; None for an empty one.

    Raises:
        YamlProblem: it is not YAML, has two equal keys or aliases, or is nested too deeply.
    """
    try:
        if not _is_small(text):
            _refuse_what_grows(text)
        return yaml.load(text, _UniqueKeyLoader)  # noqa: S506 - derives from a safe loader
    except yaml.MarkedYAMLError as error:
        raise _problem(text, error) from error
    except yaml.reader.ReaderError as error:
        line, column = _line_and_column(text, error)
        message = f"the character U+{_character(error):04X} may not stand in YAML"
        raise YamlProblem(line=line, column=column, message=message) from error


def is_yaml(text: str) -> bool:
    """Return whether `text` is YAML and safe to read, without building anything of it."""
    try:
        _refuse_what_grows(text)
    except yaml.YAMLError:
        return False
    return True


def composed(text: str) -> yaml.Node | None:
    """Return the nodes of a text that `parse_yaml` has taken, each with its place."""
    node: yaml.Node | None = yaml.compose(text, FastLoader)
    return node


def place_in(text: str, keys: Sequence[object]) -> tuple[int, int]:
    """Return line and column, from 0, of the value that `keys` (and indexes) lead to, or of its nearest parent.

    The text is one that `parse_yaml` has taken.
    """
    return places_in(text, [keys])[0]


def places_in(text: str, many: Iterable[Sequence[object]]) -> list[tuple[int, int]]:
    """Return the places of `many` values. See `place_in`."""
    root = _composed_before(text)
    return [_place(root, keys) for keys in many]


@lru_cache(maxsize=1)
def _composed_before(text: str) -> yaml.Node | None:
    """Return the nodes of `text`, of which many places may be asked, one after the other."""
    return composed(text)


def _place(root: yaml.Node | None, keys: Sequence[object]) -> tuple[int, int]:
    node = root
    for step in keys:
        child = _child(node, step)
        if child is None:
            break
        node = child
    return (node.start_mark.line, node.start_mark.column) if node else (0, 0)


def _problem(text: str, error: yaml.MarkedYAMLError) -> YamlProblem:
    mark = error.problem_mark or error.context_mark
    if mark and error.context_mark and mark.index >= len(text.rstrip()):
        mark = error.context_mark  # it is only at the end that nothing closed what was opened there
    line, column = (mark.line, mark.column) if mark else (0, 0)
    said = printable(error.problem or error.context or "not YAML")
    lines = text.splitlines()
    here = lines[line] if line < len(lines) else ""
    message = "a tab" if here[column : column + 1] == "\t" else _IN_OTHER_WORDS.get(said, said)
    is_syntax = isinstance(error, yaml.scanner.ScannerError | yaml.parser.ParserError)
    return YamlProblem(line=line, column=column, message=message, fix=_FIXES.get(message, ""), is_syntax=is_syntax)


def _is_small(text: str) -> bool:
    """Return whether `text` has no aliases and too few lines and brackets to be nested deeply, as an entry mostly."""
    return "*" not in text and sum(text.count(opener) for opener in _OPENERS) < _MAX_DEPTH


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


def _line_and_column(text: str, error: yaml.reader.ReaderError) -> tuple[int, int]:
    # libyaml counts bytes, the reader in Python characters.
    in_bytes = FastLoader is getattr(yaml, "CSafeLoader", None)
    before = text.encode()[: error.position].decode("utf-8", "ignore") if in_bytes else text[: error.position]
    return before.count("\n"), len(before) - before.rfind("\n") - 1


def _character(error: yaml.reader.ReaderError) -> int:
    return error.character if isinstance(error.character, int) else ord(error.character)


def _child(node: yaml.Node | None, step: object) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        child: yaml.Node = node.value[step]
        return child
    return None
