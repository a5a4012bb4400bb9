"""Endpoints that `/info` does not describe: hidden ones, unnamed ones, and those of Gradio 3."""

from typing import Any

import pytest

from hf_spaces_runner.calling.endpoint import ParameterKind as K
from hf_spaces_runner.calling.gradio.app import read_config
from hf_spaces_runner.calling.gradio.components import type_of_component
from hf_spaces_runner.calling.gradio.endpoint import GradioEndpoint
from hf_spaces_runner.calling.gradio.schema import read_endpoints
from hf_spaces_runner.calling.parameter_type import ParameterType


def app(*components: dict[str, Any], **dependency: Any) -> dict[str, Any]:
    """Return the `/config` of a Gradio 3 with one endpoint that takes all components and returns the first."""
    numbered = [{"id": number, "props": {}, **component} for number, component in enumerate(components)]
    endpoint = {"inputs": [item["id"] for item in numbered], "outputs": [0], "backend_fn": True, "queue": None}
    return {
        "version": "3.50.2",
        "enable_queue": True,
        "components": numbered,
        "dependencies": [{**endpoint, **dependency}],
    }


def read(config: dict[str, Any], info: dict[str, Any] | None = None) -> tuple[GradioEndpoint, ...]:
    return read_endpoints(config, info or {"named_endpoints": {}, "unnamed_endpoints": {}}, read_config(config))


@pytest.mark.parametrize(
    ("name", "properties", "expected"),
    [
        ("textbox", {}, ParameterType(kind=K.TEXT)),
        ("Code", {}, ParameterType(kind=K.TEXT)),
        ("slider", {"minimum": 0, "maximum": 9.5}, ParameterType(kind=K.NUMBER, minimum=0, maximum=9.5)),
        ("number", {"minimum": "x"}, ParameterType(kind=K.NUMBER)),
        ("checkbox", {}, ParameterType(kind=K.BOOLEAN)),
        ("radio", {"choices": ["a", "b"]}, ParameterType(kind=K.CHOICE, choices=("a", "b"))),
        ("dropdown", {"choices": [["A", "a"], ["B", 2]]}, ParameterType(kind=K.CHOICE, choices=("a", 2))),
        ("dropdown", {"choices": ["a"], "multiselect": True}, ParameterType(kind=K.LIST, choices=("a",))),
        ("dropdown", {"choices": ["a"], "allow_custom_value": True}, ParameterType(kind=K.CHOICE)),
        ("checkboxgroup", {"choices": "x"}, ParameterType(kind=K.LIST)),
        ("image", {}, ParameterType(kind=K.IMAGE)),
        ("audio", {}, ParameterType(kind=K.AUDIO)),
        ("video", {}, ParameterType(kind=K.VIDEO)),
        ("file", {"file_count": "multiple"}, ParameterType(kind=K.FILE, many=True)),
        ("uploadbutton", {}, ParameterType(kind=K.FILE)),
        ("dataframe", {}, ParameterType(kind=K.TABLE)),
        ("chatbot", {}, ParameterType(kind=K.JSON)),
        ("somebodys_own", {}, ParameterType(kind=K.JSON)),
    ],
)
def test_what_a_component_takes(name: str, properties: dict[str, object], expected: ParameterType) -> None:
    assert type_of_component(name, properties) == expected


def test_a_named_endpoint_without_schema_is_read_from_its_components() -> None:
    text = {"type": "textbox", "props": {"label": "Text"}}
    slider = {"type": "slider", "props": {"label": "Size", "minimum": 1, "maximum": 5, "value": 2}}
    (endpoint,) = read(app(text, slider, {"type": "state"}, api_name="draw"))
    assert endpoint.signature == "/draw(param_0 (Text): text, param_1 (Size): number = 2) -> Text"
    assert (endpoint.slots, endpoint.public, endpoint.queued) == ((0, 1, None), False, True)


@pytest.mark.parametrize("api_name", [None, False, ""])
def test_an_unnamed_endpoint_is_called_by_its_number(api_name: object) -> None:
    described = app({"type": "textbox"}, api_name=api_name)
    described["dependencies"].insert(0, {**described["dependencies"][0], "api_name": "first"})
    assert [(endpoint.name, endpoint.fn_index) for endpoint in read(described)] == [("/first", 0), ("/1", 1)]


def test_an_unnamed_endpoint_that_is_described_is_public() -> None:
    parameters = [{"label": "Text", "component": "Textbox", "type": {"type": "string"}}]
    info = {"named_endpoints": {}, "unnamed_endpoints": {"0": {"parameters": parameters, "returns": []}}}
    (endpoint,) = read(app({"type": "textbox"}, api_name=None), info)
    assert (endpoint.name, endpoint.public) == ("/0", True)


@pytest.mark.parametrize(
    "dependency",
    [{"backend_fn": False}, {"api_visibility": "private"}, {"types": {"cancel": True}}, {"cancels": [1]}],
)
def test_what_no_call_reaches_is_no_endpoint(dependency: dict[str, object]) -> None:
    assert read(app({"type": "textbox"}, api_name="x", **dependency)) == ()


@pytest.mark.parametrize(
    ("queue", "enabled", "queued"),
    [(None, True, True), (None, False, False), (False, True, False), (True, False, True)],
)
def test_gradio_3_queues_what_it_says(queue: object, enabled: object, queued: bool) -> None:
    described = app({"type": "textbox"}, api_name="x", queue=queue)
    described["enable_queue"] = enabled
    assert read(described)[0].queued is queued


def test_a_chat_that_comes_back_is_a_conversation() -> None:
    described = app({"type": "textbox"}, {"type": "chatbot"}, api_name="chat")
    described["dependencies"][0]["outputs"] = [0, 1]
    assert read(described)[0].conversations == ((1, 1),)


def test_a_component_with_many_choices_is_read_once_for_all_endpoints() -> None:
    described = app({"type": "dropdown", "props": {"choices": [str(n) for n in range(10_000)]}}, api_name="x")
    described["dependencies"] = [{**described["dependencies"][0], "api_name": f"x{n}"} for n in range(2000)]
    endpoints = read(described)
    assert len(endpoints) == 2000
    assert len({id(endpoint.parameters[0].choices) for endpoint in endpoints}) == 1
