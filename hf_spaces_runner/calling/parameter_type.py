"""Reads the JSON schema of a parameter into the kind of input that it takes."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from hf_spaces_runner.calling.endpoint import ParameterKind

MEDIA_COMPONENTS = {
    "image": ParameterKind.IMAGE,
    "imageeditor": ParameterKind.IMAGE,
    "imagemask": ParameterKind.IMAGE,
    "sketchpad": ParameterKind.IMAGE,
    "paint": ParameterKind.IMAGE,
    "gallery": ParameterKind.IMAGE,
    "audio": ParameterKind.AUDIO,
    "microphone": ParameterKind.AUDIO,
    "video": ParameterKind.VIDEO,
    "playablevideo": ParameterKind.VIDEO,
}
_SCALARS = {
    "string": ParameterKind.TEXT,
    "number": ParameterKind.NUMBER,
    "integer": ParameterKind.INTEGER,
    "boolean": ParameterKind.BOOLEAN,
}
_CHOICE_COMPONENTS = frozenset({"dropdown", "radio", "checkboxgroup"})
_TABLE_COMPONENTS = frozenset({"dataframe", "timeseries"})
_MAX_REFERENCES = 10
_WRAPPERS: tuple[tuple[str, ...], ...] = (("video",), ("image",), ("background", "composite"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterType:
    """The fields of `Parameter` that come from the schema."""

    kind: ParameterKind
    many: bool = False
    choices: tuple[object, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    wrapper: tuple[str, ...] = ()


def read_type(schema: Mapping[str, object], component: str, properties: Mapping[str, object]) -> ParameterType:
    """Return what a parameter takes.

    Args:
        schema: its JSON schema, as `/info` gives it.
        component: the name of its Gradio component.
        properties: the component's properties in `/config`.
    """
    definitions = schema.get("$defs")
    resolve = _Resolver(definitions if isinstance(definitions, dict) else {})
    schema = resolve(schema)
    if component.casefold() in _TABLE_COMPONENTS:
        return ParameterType(kind=ParameterKind.TABLE)
    file_kind = MEDIA_COMPONENTS.get(component.casefold(), ParameterKind.FILE)
    items = _items(schema)
    if items is not None:
        items = resolve(items)
        wrapper = _file_wrapper(items, resolve)
        if wrapper is not None:
            return ParameterType(kind=file_kind, many=True, wrapper=wrapper)
    else:
        wrapper = _file_wrapper(schema, resolve)
        if wrapper is not None:
            return ParameterType(kind=file_kind, wrapper=wrapper)
    if {"text", "files"} <= _properties(schema).keys():
        return ParameterType(kind=ParameterKind.MESSAGE)
    return _plain_type(schema, items, component, properties)


def _plain_type(
    schema: Mapping[str, object],
    items: Mapping[str, object] | None,
    component: str,
    properties: Mapping[str, object],
) -> ParameterType:
    free = properties.get("allow_custom_value") is True
    if items is not None:
        choices = _choices(items)
        if choices or items.get("type") in _SCALARS:
            return ParameterType(kind=ParameterKind.LIST, choices=() if free else choices)
        return ParameterType(kind=ParameterKind.JSON)
    choices = _choices(schema)
    if choices or component.casefold() in _CHOICE_COMPONENTS:
        return ParameterType(kind=ParameterKind.CHOICE, choices=() if free else choices)
    type_ = schema.get("type")
    kind = _SCALARS.get(type_, ParameterKind.JSON) if isinstance(type_, str) else ParameterKind.JSON
    if kind in (ParameterKind.NUMBER, ParameterKind.INTEGER):
        return ParameterType(
            kind=kind,
            minimum=finite(schema.get("minimum", properties.get("minimum"))),
            maximum=finite(schema.get("maximum", properties.get("maximum"))),
        )
    return ParameterType(kind=kind)


class _Resolver:
    """Follows `$ref` to `$defs`, and picks the first of several alternatives that is not null."""

    def __init__(self, definitions: Mapping[str, object]) -> None:
        self._definitions = definitions

    def __call__(self, schema: object) -> Mapping[str, object]:
        for _ in range(_MAX_REFERENCES):
            if not isinstance(schema, dict):
                break
            reference = schema.get("$ref")
            alternatives = schema.get("anyOf", schema.get("oneOf"))
            if isinstance(reference, str):
                schema = self._definitions.get(reference.rpartition("/")[2])
            elif isinstance(alternatives, list) and "type" not in schema:
                schema = next((one for one in alternatives if not _is_null(one)), {})
            else:
                return schema
        return {}


def _is_null(schema: object) -> bool:
    return isinstance(schema, dict) and schema.get("type") == "null"


def _items(schema: Mapping[str, object]) -> Mapping[str, object] | None:
    items = schema.get("items")
    if schema.get("type") == "array" or isinstance(items, dict):
        return items if isinstance(items, dict) else {}
    return None


def _file_wrapper(schema: Mapping[str, object], resolve: _Resolver) -> tuple[str, ...] | None:
    """Return the keys under which a file goes, empty where it goes in as it is, None where the schema wants no file."""
    if _is_file(schema):
        return ()
    properties = _properties(schema)
    for wrapper in _WRAPPERS:
        if all(_is_file(resolve(properties.get(key))) for key in wrapper):
            return wrapper
    return None


def _is_file(schema: Mapping[str, object]) -> bool:
    properties = _properties(schema)
    return "path" in properties and ("meta" in properties or "orig_name" in properties)


def _properties(schema: Mapping[str, object]) -> Mapping[str, object]:
    properties = schema.get("properties")
    return properties if isinstance(properties, dict) else {}


def _choices(schema: Mapping[str, object]) -> tuple[object, ...]:
    choices = schema.get("enum", [schema["const"]] if "const" in schema else [])
    return tuple(choices) if isinstance(choices, list) else ()


def finite(value: object) -> float | None:
    """Return `value` where it is a number that a float can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) <= sys.float_info.max else None  # JSON has integers that are no float
