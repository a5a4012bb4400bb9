"""What is known of one endpoint of a Space: its parameters, what it returns, and how it is written for people."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from hf_spaces_runner.domain.terminal import printable


class ParameterKind(StrEnum):
    """What a parameter takes; the values are the words that people see."""

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "true|false"
    CHOICE = "choice"
    LIST = "list"
    IMAGE = "image file"
    AUDIO = "audio file"
    VIDEO = "video file"
    FILE = "file"
    TABLE = "table or CSV file"
    MESSAGE = "text and files"
    JSON = "json"


FILE_KINDS = frozenset({ParameterKind.IMAGE, ParameterKind.AUDIO, ParameterKind.VIDEO, ParameterKind.FILE})
TAKE_FILES = FILE_KINDS | {ParameterKind.TABLE, ParameterKind.MESSAGE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter. `many` marks those that take a list of files. `choices` empty means any value.

    `wrapper` are the keys under which the component wants the file (`{"video": FileData}`), where it wants any.
    """

    name: str
    label: str
    component: str
    kind: ParameterKind
    many: bool = False
    has_default: bool = False
    default: object = None
    choices: tuple[object, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    wrapper: tuple[str, ...] = ()

    def __str__(self) -> str:
        kind = "|".join(_shown(choice) for choice in self.choices[:_MAX_CHOICES]) or str(self.kind)
        if len(self.choices) > _MAX_CHOICES:
            kind += "|..."
        if self.many or self.kind is ParameterKind.LIST:
            kind = f"list of {kind}s" if not self.choices else f"list of {kind}"
        default = f" = {_shown(self.default)}" if self.has_default else ""
        label = f" ({self.label})" if self.label and self.label.casefold() != self.name.casefold() else ""
        return f"{self.name}{label}: {kind}{default}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """One output. `hidden` ones (State and the like) are no part of the API and are left out of the answer."""

    label: str
    component: str
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One callable function. `public` is False for what the app keeps out of its own API page."""

    name: str
    parameters: tuple[Parameter, ...] = ()
    returns: tuple[Returned, ...] = ()
    public: bool = True

    @property
    def signature(self) -> str:
        """The endpoint in one line, as messages show it."""
        taken = _listed([str(parameter) for parameter in self.parameters[:_MAX_LISTED]], len(self.parameters))
        outputs = [output.label or output.component for output in self.returns if not output.hidden]
        return f"{self.name}({taken}) -> {_listed(outputs, len(outputs)) or 'nothing'}"


_MAX_CHOICES = 8
_MAX_SHOWN = 40
_MAX_LISTED = 40
_MAX_LISTED_LENGTH = 1500


def _listed(items: Sequence[str], count: int) -> str:
    """Return the first of `count` items in a line that one may read: an app may have a hundred thousand."""
    shown = min(len(items), _MAX_LISTED)
    while shown > 1 and sum(map(len, items[:shown])) > _MAX_LISTED_LENGTH:
        shown -= 1
    return ", ".join([*items[:shown], *([f"and {count - shown} more"] if shown < count else [])])


def _shown(value: object) -> str:
    text = printable(json.dumps(value, ensure_ascii=False, default=str))
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…"
