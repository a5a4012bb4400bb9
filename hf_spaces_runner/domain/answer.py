"""What a Space answered, still hostile: nothing of it has been checked for the user's disk or terminal."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class OutputKind(StrEnum):
    """The kinds of output that results tell apart."""

    TEXT = "text"
    JSON = "json"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    FILE = "file"
    TABLE = "table"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFile:
    """A file that the Space made: where it lies in the scratch directory, and the name that the Space gave it.

    `path` was chosen by us; `original_name` by the Space, so it may be anything at all.
    """

    path: Path
    original_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerOutput:
    """One value that an endpoint returned: `value` is plain JSON, `files` are those it named, already fetched.

    `component` is what the Space calls it (`Textbox`, `Label`, `Image`).
    """

    label: str
    component: str
    value: object = None
    files: tuple[AnswerFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """All that one call brought back, in the order of the endpoint's outputs."""

    endpoint: str
    outputs: tuple[AnswerOutput, ...] = field(default_factory=tuple)
