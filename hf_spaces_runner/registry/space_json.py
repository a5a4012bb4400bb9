"""Writes a Space as JSON, what is not said left out, and reads it again: the form in which indexes hold it."""

import json
import os
from collections.abc import Collection
from dataclasses import MISSING, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from hf_spaces_runner.domain.api import Api, ApiKind, ApiParameter, DeclaredType
from hf_spaces_runner.domain.space import Sdk, Space

_NOT_OF_THE_ENTRY = frozenset({"origin", "found", "check"})


def space_to_json(space: Space) -> str:
    """Return `space` as JSON, without what is not of its entry: where that comes from, and what was found out."""
    return json.dumps(_said(space, left_out=_NOT_OF_THE_ENTRY), default=_plain)


def space_from_json(text: str, origin: str) -> Space:
    """Return the Space that `space_to_json` wrote, with its origin.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: somebody else wrote it.
    """
    values: dict[str, Any] = json.loads(text)
    if "sdk" in values:
        values["sdk"] = Sdk(values["sdk"])
    for name in ("cap_add", "tags"):
        if name in values:
            values[name] = tuple(values[name])
    if values.get("source") is not None:
        values["source"] = Path(values["source"])
    if "api" in values:
        values["api"] = _api_from(values["api"])
    return Space(**values, origin=origin)


def _said(value: Any, *, left_out: Collection[str] = ()) -> dict[str, object]:  # noqa: ANN401 - any of our dataclasses
    defaults = _defaults(value.__class__)
    given = ((name, getattr(value, name)) for name in defaults if name not in left_out)
    return {name: content for name, content in given if content != defaults[name]}


@lru_cache
def _defaults(kind: Any) -> dict[str, object]:  # noqa: ANN401 - likewise
    return {
        field.name: field.default if field.default_factory is MISSING else field.default_factory()
        for field in fields(kind)
    }


def _plain(value: object) -> object:
    return _said(value) if isinstance(value, Api | ApiParameter) else os.fspath(value)  # type: ignore[call-overload]


def _api_from(values: dict[str, Any]) -> Api:
    if "kind" in values:
        values["kind"] = ApiKind(values["kind"])
    if "parameters" in values:
        values["parameters"] = {name: _parameter_from(one) for name, one in values["parameters"].items()}
    return Api(**values)


def _parameter_from(values: dict[str, Any]) -> ApiParameter:
    if "type" in values:
        values["type"] = DeclaredType(values["type"])
    if "choices" in values:
        values["choices"] = tuple(values["choices"])
    return ApiParameter(**values)
