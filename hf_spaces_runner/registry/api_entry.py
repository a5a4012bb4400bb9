"""The form of a registry entry's `api:`: how a Space is called that is not Gradio."""

import re
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from hf_spaces_runner.domain.api import (
    DEFAULT_PARAMETERS,
    DEFAULT_PATH,
    DEFAULT_REQUEST,
    DEFAULT_RESULTS,
    Api,
    ApiKind,
    ApiParameter,
    DeclaredType,
)

UrlPath = Annotated[str, StringConstraints(pattern=r"^/[^\s?#\x00-\x1f\x7f]*$", max_length=500)]
ParameterName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
_PLACE = re.compile(r"(?:(?:^|\.)[^.\[\]]+|\[\d{1,9}\])*")
_RESERVED = frozenset({"prompt", "session"})


class ParameterEntry(BaseModel):
    """What one `$NAME` of the request stands for. Without a default it must be given."""

    model_config = ConfigDict(extra="forbid", title="Parameter")

    type: DeclaredType = DeclaredType.STRING
    default: str | int | float | bool | list[object] | dict[str, object] | None = None
    choices: tuple[str | int | float | bool, ...] = ()
    minimum: float | None = None
    maximum: float | None = None


def _results(value: object) -> object:
    if isinstance(value, str):
        return {value.rpartition(".")[2].partition("[")[0] or "answer": value}
    return value


Results = Annotated[dict[str, str], BeforeValidator(_results, json_schema_input_type=str | dict[str, str])]


class ApiEntry(BaseModel):
    """How to call the Space. All but `kind` and `health` are for the kind `http`."""

    model_config = ConfigDict(extra="forbid", title="Api")

    kind: ApiKind = Field(default=ApiKind.AUTO, description="What the Space speaks; auto asks it.")
    health: UrlPath | None = Field(default=None, description="A path that answers 200 once the Space is ready.")
    path: UrlPath = DEFAULT_PATH
    method: Literal["GET", "POST", "PUT", "PATCH"] = "POST"
    request: dict[str, object] | None = Field(
        default=None,
        description="The JSON body, or the query with GET; $prompt, $session and $NAME stand for values.",
    )
    parameters: dict[ParameterName, ParameterEntry] | None = None
    results: (
        Annotated[dict[str, str], BeforeValidator(_results, json_schema_input_type=str | dict[str, str])] | None
    ) = Field(default=None, description="Labels of outputs and their places in the answer, such as choices[0].text.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.kind is not ApiKind.HTTP:
            given = self.model_fields_set - {"kind", "health"}
            if given:
                raise ValueError(
                    f"{', '.join(sorted(given))}: only the kind http has this, and the kind is {self.kind}"
                )
        for name in self.parameters or {}:
            if name in _RESERVED:
                raise ValueError(f"parameters: ${name} has a meaning of its own")
        for place in (self.results or {}).values():
            if not _PLACE.fullmatch(place):
                raise ValueError(f"results: {place!r} is no place in an answer; write a.b, a[0] or nothing")
        return self

    def to_api(self) -> Api:
        """Return the entry as a value, completed by the default contract where it says nothing."""
        by_default = self.request is None
        parameters = {
            name: ApiParameter(**entry.model_dump(mode="python")) for name, entry in (self.parameters or {}).items()
        }
        results = dict(DEFAULT_RESULTS) if by_default else {"answer": ""}
        return Api(
            kind=self.kind,
            health=self.health,
            path=self.path,
            method=self.method,
            request=dict(DEFAULT_REQUEST) if self.request is None else self.request,
            parameters={**DEFAULT_PARAMETERS, **parameters} if by_default else parameters,
            results=self.results if self.results is not None else results,
        )
