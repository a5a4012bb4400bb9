"""Fills the request template of a registry entry, and finds the results in what comes back."""

import json
import re
from collections.abc import Iterator, Mapping

from hf_spaces_runner.calling.endpoint import Endpoint, Parameter, ParameterKind, Returned
from hf_spaces_runner.domain.api import Api, ApiParameter, DeclaredType
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import AnswerError

PROMPT, SESSION = "prompt", "session"
_PLACEHOLDER = re.compile(r"\$(?:(\$)|([A-Za-z_][A-Za-z0-9_]*))")
_STEP = re.compile(r"\[(\d{1,9})\]|([^.\[\]]+)")
_KINDS = {
    DeclaredType.STRING: ParameterKind.TEXT,
    DeclaredType.NUMBER: ParameterKind.NUMBER,
    DeclaredType.INTEGER: ParameterKind.INTEGER,
    DeclaredType.BOOLEAN: ParameterKind.BOOLEAN,
    DeclaredType.OBJECT: ParameterKind.JSON,
    DeclaredType.FILE: ParameterKind.FILE,
}
_MAX_SHOWN_KEYS = 12
_ANSWER = "answer"


def read_template(api: Api) -> Endpoint:
    """Return the endpoint that `api` describes, with a parameter for each placeholder but `$session`."""
    names = dict.fromkeys(name for name in _names(api.request) if name != SESSION)
    return Endpoint(
        name=api.path,
        parameters=tuple(_parameter(name, api.parameters.get(name, ApiParameter())) for name in names),
        returns=tuple(Returned(label=label, component="JSON") for label in api.results or (_ANSWER,)),
    )


def fill_template(template: object, values: Mapping[str, object]) -> object:
    """Return `template` with `values`, by name, for its placeholders.

    What is exactly a placeholder becomes the value itself; inside a longer text it becomes text. A place whose value is
    None is left out of its object or list: that parameter was not given.
    """
    if isinstance(template, str):
        only = _PLACEHOLDER.fullmatch(template)
        if only is not None and only[2]:
            return values.get(only[2])
        return _PLACEHOLDER.sub(lambda found: found[1] or _as_text(values.get(found[2])), template)
    if isinstance(template, Mapping):
        return {key: fill_template(item, values) for key, item in template.items() if not _is_left_out(item, values)}
    if isinstance(template, list | tuple):
        return [fill_template(item, values) for item in template if not _is_left_out(item, values)]
    return template


def find_results(answer: object, results: Mapping[str, str], what: str) -> list[tuple[str, object]]:
    """Return each label of `results` with what stands at its place in `answer`.

    Raises:
        AnswerError: there is nothing at that place; the message says what is there in its stead.
    """
    return [(label, _find(answer, place, what)) for label, place in (results or {_ANSWER: ""}).items()]


def _names(template: object) -> Iterator[str]:
    if isinstance(template, str):
        yield from (match[2] for match in _PLACEHOLDER.finditer(template) if match[2])
    elif isinstance(template, Mapping):
        for item in template.values():
            yield from _names(item)
    elif isinstance(template, list | tuple):
        for item in template:
            yield from _names(item)


def _parameter(name: str, declared: ApiParameter) -> Parameter:
    kind = _KINDS[declared.type]
    if declared.choices:
        kind = ParameterKind.CHOICE
    return Parameter(
        name=name,
        label="",
        component="",
        kind=kind,
        has_default=declared.default is not None,
        default=declared.default,
        choices=declared.choices,
        minimum=declared.minimum,
        maximum=declared.maximum,
    )


def _is_left_out(item: object, values: Mapping[str, object]) -> bool:
    only = _PLACEHOLDER.fullmatch(item) if isinstance(item, str) else None
    return only is not None and bool(only[2]) and values.get(only[2]) is None


def _as_text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _find(answer: object, place: str, what: str) -> object:
    reached, value = "", answer
    for step in _STEP.finditer(place):
        if step[1] is not None:
            index = int(step[1])
            if not isinstance(value, list) or index >= len(value):
                raise _missing(what, place, reached, value)
            value = value[index]
        elif isinstance(value, dict) and step[2] in value:
            value = value[step[2]]
        else:
            raise _missing(what, place, reached, value)
        reached = place[: step.end()]
    return value


def _missing(what: str, place: str, reached: str, value: object) -> AnswerError:
    where = f"{reached} " if reached else "it "
    if isinstance(value, dict):
        keys = [one_line(str(key), limit=40) for _, key in zip(range(_MAX_SHOWN_KEYS), value, strict=False)]
        more = f" and {len(value) - len(keys)} more" if len(value) > len(keys) else ""
        there = f"has the keys {', '.join(keys)}{more}" if keys else "is an empty object"
    elif isinstance(value, list):
        there = f"is a list of {len(value)}"
    else:
        there = "is null" if value is None else f"is {one_line(json.dumps(value, ensure_ascii=False), limit=60)}"
    return AnswerError(
        f"{what} answered nothing at {place}: {where}{there}",
        hint="correct api.results of the Space's registry entry",
    )
