"""Reads one parameter of a Gradio endpoint from its schema and its component."""

import re
import sys
from collections.abc import Mapping

from hf_spaces_runner.calling.endpoint import Parameter
from hf_spaces_runner.calling.gradio.app import GradioApp
from hf_spaces_runner.calling.gradio.components import type_of_component
from hf_spaces_runner.calling.parameter_type import ParameterType, read_type
from hf_spaces_runner.domain.terminal import one_line

KnownTypes = dict[int, ParameterType]
"""The types of components by the `id()` of what `/config` says of them."""

_FILLER = re.compile(r"(?:parameter|value)_\d+", re.IGNORECASE)


def read_parameter(
    position: int,
    described: Mapping[str, object],
    component: Mapping[str, object],
    app: GradioApp,
    known: KnownTypes | None = None,
) -> Parameter:
    """Return the parameter at `position`.

    Args:
        position: from 0.
        described: what `/info` says of it.
        component: its component in `/config`; empty where that is not known.
        app: the app: Gradio 3's schemas describe what its client takes, not what goes over the wire.
        known: the types of components that were read, where `described` was made from `component` alone: each is read
            once, however many endpoints an app says to have.
    """
    properties = component.get("props")
    properties = properties if isinstance(properties, dict) else {}
    if "parameter_has_default" in described:
        has_default = described["parameter_has_default"] is True
        default = described.get("parameter_default")
    else:  # Gradio 3 and the first releases of Gradio 4 (4.16 and 4.20 were seen)
        default = properties.get("value")
        has_default = default not in (None, "")
    kind = label_of(described.get("component"))
    type_ = None if known is None else known.get(id(component))
    if type_ is None:
        schema = described.get("type")
        if isinstance(schema, dict) and schema and not app.is_gradio_3:
            type_ = read_type(schema, kind, properties)
        else:
            type_ = type_of_component(kind, properties)
        if known is not None:
            known[id(component)] = type_
    return Parameter(
        name=label_of(described.get("parameter_name")) or f"param_{position}",
        label=label_of(described.get("label")),
        component=kind,
        kind=type_.kind,
        many=type_.many,
        has_default=has_default,
        default=default if has_default else None,
        choices=type_.choices,
        minimum=type_.minimum,
        maximum=type_.maximum,
        wrapper=type_.wrapper,
    )


def label_of(value: object) -> str:
    """Return `value` in one line; empty for what Gradio fills in where the app gives no label."""
    # One component may be named as a hundred thousand outputs: their labels are one text, not as many.
    return sys.intern(one_line(value)) if isinstance(value, str) and not _FILLER.fullmatch(value) else ""
