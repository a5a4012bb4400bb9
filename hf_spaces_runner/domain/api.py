"""How a Space is called: what its registry entry says of that, and what it turned out to speak."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

DEFAULT_PATH = "/api/generate"


class ApiKind(StrEnum):
    """What a Space speaks. `auto` asks it; `streamlit` and `page` are for people, and have nothing to call."""

    AUTO = "auto"
    GRADIO = "gradio"
    HTTP = "http"
    OPENAPI = "openapi"
    OPENAI = "openai"
    STREAMLIT = "streamlit"
    PAGE = "page"


CALLABLE = frozenset({ApiKind.GRADIO, ApiKind.HTTP, ApiKind.OPENAPI, ApiKind.OPENAI})


class DeclaredType(StrEnum):
    """The types of a parameter that an entry declares, in the words of JSON Schema; `file` goes in as base64."""

    STRING = "string"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    OBJECT = "object"
    FILE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiParameter:
    """One `$name` of a request template that is not `$prompt`. Without a default it must be given."""

    type: DeclaredType = DeclaredType.STRING
    default: object = None
    choices: tuple[object, ...] = ()
    minimum: float | None = None
    maximum: float | None = None


DEFAULT_REQUEST: Mapping[str, object] = MappingProxyType(
    {"inputs": "$prompt", "parameters": {"max_new_tokens": "$max_new_tokens", "temperature": "$temperature"}}
)
DEFAULT_PARAMETERS: Mapping[str, ApiParameter] = MappingProxyType(
    {
        "max_new_tokens": ApiParameter(type=DeclaredType.INTEGER, default=100, minimum=1),
        "temperature": ApiParameter(type=DeclaredType.NUMBER, default=0.7, minimum=0),
    }
)
DEFAULT_RESULTS: Mapping[str, str] = MappingProxyType({"generated_text": "generated_text"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """How to call a Space. All but `kind` and `health` concern the kind `http`.

    `health` is the path that answers 200 once the Space is ready. `request` is the JSON body, in which `$prompt`,
    `$session` (a name that is new for each conversation) and `$NAME` stand for values; with the method GET it becomes
    the query. `results` maps the label of each output to its place in the answer: `choices[0].text`, or empty for all
    of it.
    """

    kind: ApiKind = ApiKind.AUTO
    health: str | None = None
    path: str = DEFAULT_PATH
    method: str = "POST"
    request: object = field(default_factory=lambda: dict(DEFAULT_REQUEST))
    parameters: Mapping[str, ApiParameter] = field(default_factory=lambda: dict(DEFAULT_PARAMETERS))
    results: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_RESULTS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What a Space that is ready speaks, and what it said of itself: `/config` or `/openapi.json`, undecoded."""

    kind: ApiKind
    description: bytes = b""
