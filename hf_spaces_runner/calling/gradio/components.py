"""Knows what Gradio's components take, for endpoints without a schema: those of Gradio 3, and hidden ones."""

from collections.abc import Mapping

from hf_spaces_runner.calling.endpoint import ParameterKind
from hf_spaces_runner.calling.parameter_type import MEDIA_COMPONENTS, ParameterType, finite

HIDDEN = frozenset(
    {"state", "variable", "row", "column", "tabs", "tabitem", "box", "form", "accordion", "group", "interpretation",
     "dataset"}
)  # fmt: skip
"""The components that are no part of an API (`SKIP_COMPONENTS` of Gradio's client)."""

_TEXTS = frozenset(
    {"textbox", "text", "textarea", "markdown", "html", "code", "colorpicker", "datetime", "highlightedcode"}
)
_NUMBERS = frozenset({"number", "slider"})
_FILES = frozenset({"file", "uploadbutton", "downloadbutton", "model3d"})


def type_of_component(component: str, properties: Mapping[str, object]) -> ParameterType:  # noqa: PLR0911 - one return a kind
    """Return what the component of that name takes; any JSON where it is not known.

    Args:
        component: its type in `/config`, such as `slider`.
        properties: its properties there.
    """
    name = component.casefold()
    if name in MEDIA_COMPONENTS and name != "gallery":
        return ParameterType(kind=MEDIA_COMPONENTS[name])
    if name in _FILES:
        return ParameterType(kind=ParameterKind.FILE, many=properties.get("file_count") in ("multiple", "directory"))
    if name in _TEXTS:
        return ParameterType(kind=ParameterKind.TEXT)
    if name in _NUMBERS:
        return ParameterType(
            kind=ParameterKind.NUMBER,
            minimum=finite(properties.get("minimum")),
            maximum=finite(properties.get("maximum")),
        )
    if name == "checkbox":
        return ParameterType(kind=ParameterKind.BOOLEAN)
    if name in ("dataframe", "timeseries"):
        return ParameterType(kind=ParameterKind.TABLE)
    if name in ("dropdown", "radio", "checkboxgroup"):
        many = name == "checkboxgroup" or properties.get("multiselect") is True
        return ParameterType(
            kind=ParameterKind.LIST if many else ParameterKind.CHOICE,
            choices=() if properties.get("allow_custom_value") is True else _choices(properties.get("choices")),
        )
    return ParameterType(kind=ParameterKind.JSON)


def _choices(choices: object) -> tuple[object, ...]:
    """Return the values to choose from: Gradio 3.40 and later give each with its label before it."""
    listed = choices if isinstance(choices, list) else []
    return tuple(choice[1] if isinstance(choice, list) and len(choice) == 2 else choice for choice in listed)  # noqa: PLR2004
