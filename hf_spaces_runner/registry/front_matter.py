"""Reads the front matter of a Space's README.md: the YAML block that says which SDK and file it runs on."""

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from hf_spaces_runner.domain.space import Sdk
from hf_spaces_runner.errors import InvalidRegistryError

if TYPE_CHECKING or not hasattr(yaml, "CBaseLoader"):
    from yaml import BaseLoader as FastLoader
else:
    from yaml import CBaseLoader as FastLoader

_MAX_LENGTH = 64 * 1024
_MAX_DEPTH = 20
_FENCE = re.compile(r"\A(?:---)[ \t]*\r?\n(?P<block>.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)
_HINT = "see https://huggingface.co/docs/hub/spaces-config-reference for the keys of a Space's README.md"


def _inside_the_folder(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\\" in path or not path.isprintable():
        raise ValueError("it must be a path inside the Space's folder, such as app.py")
    return str(PurePosixPath(path))


Version = Annotated[str, StringConstraints(pattern=r"^[0-9]+(\.[0-9]+)*((a|b|rc|\.post|\.dev)[0-9]+)?$", max_length=40)]
PythonVersion = Annotated[str, StringConstraints(pattern=r"^3\.[0-9]{1,2}(\.[0-9]{1,3})?$")]
PathInside = Annotated[str, StringConstraints(min_length=1, max_length=255), AfterValidator(_inside_the_folder)]


class FrontMatter(BaseModel):
    """The keys of the front matter that the runner knows; others are accepted and kept in `model_extra`.

    Their meaning is the Hub's: https://huggingface.co/docs/hub/spaces-config-reference.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    sdk: Sdk
    title: str = ""
    short_description: str = ""
    sdk_version: Version | None = None
    python_version: PythonVersion | None = None
    app_file: PathInside = "app.py"
    app_port: int = Field(7860, ge=1, le=65535)
    startup_duration_timeout: str | None = None
    suggested_hardware: str | None = None


def parse_front_matter(text: str, path: Path) -> FrontMatter:
    """Return the front matter that `text`, the content of the file at `path`, begins with.

    Values are read as text, so that `sdk_version: 4.40` and `python_version: 3.10` do not lose their last digit.

    Raises:
        InvalidRegistryError: there is none, it is not YAML, or a value cannot be; the message names file:line:column.
    """
    match = _FENCE.match(text.removeprefix("\ufeff"))
    if match is None:
        raise InvalidRegistryError(
            f"{path}:1:1: no front matter: the file must begin with a block of YAML between two lines of ---",
            hint=_HINT,
        )
    if len(match["block"]) > _MAX_LENGTH:
        raise InvalidRegistryError(f"{path}:1:1: the front matter is longer than {_MAX_LENGTH // 1024} KiB", hint=_HINT)
    node = _composed(match["block"], path)
    values = _plain(node)
    if not isinstance(node, yaml.MappingNode) or not isinstance(values, dict):
        raise InvalidRegistryError(f"{path}:2:1: the front matter is not a list of `key: value` lines", hint=_HINT)
    try:
        return FrontMatter.model_validate({key: value for key, value in values.items() if value is not None})
    except ValidationError as error:
        complaints = [
            f"{_position(path, node, complaint['loc'])}: {'.'.join(str(step) for step in complaint['loc'])}:"
            f" {complaint['msg'].removeprefix('Value error, ')}"
            for complaint in error.errors(include_url=False)
        ]
        raise InvalidRegistryError("\n".join(complaints), hint=_HINT) from error


def _composed(block: str, path: Path) -> yaml.Node | None:
    try:
        complaint = _hostile(block, path)
        node = yaml.compose(block, FastLoader) if complaint is None else None
    except yaml.MarkedYAMLError as error:
        where = _where(path, error.problem_mark or error.context_mark)
        raise InvalidRegistryError(f"{where}: {error.problem or error.context or 'not YAML'}", hint=_HINT) from error
    except yaml.YAMLError as error:
        raise InvalidRegistryError(f"{path}:1:1: not YAML: {str(error).splitlines()[0]}", hint=_HINT) from error
    if complaint is not None:
        raise InvalidRegistryError(complaint, hint=_HINT)
    return node


def _hostile(block: str, path: Path) -> str | None:
    """Return why `block` is not safe to read: few aliases can stand for gigabytes, deep nesting kills the C parser."""
    depth = 0
    for event in yaml.parse(block, FastLoader):
        if isinstance(event, yaml.AliasEvent):
            return f"{_where(path, event.start_mark)}: aliases (*name) are not allowed here"
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MAX_DEPTH:
            return f"{_where(path, event.start_mark)}: nested deeper than {_MAX_DEPTH} levels"
    return None


def _plain(node: yaml.Node | None) -> object:
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): _plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    return None if node is None or node.value in {"", "null", "~"} else node.value


def _position(path: Path, node: yaml.MappingNode, location: Sequence[object]) -> str:
    """Return `file:line:column` of the value at `location`; of the block where the key is missing."""
    found = next((value for key, value in node.value if location and key.value == location[0]), node)
    return _where(path, found.start_mark)


def _where(path: Path, mark: Any) -> str:  # noqa: ANN401 - the C parser's marks have a type of their own
    # The block begins on the second line of the file, behind the first fence.
    return f"{path}:{mark.line + 2}:{mark.column + 1}" if mark is not None else f"{path}:1:1"
