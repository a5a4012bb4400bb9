import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.calling.endpoint import ParameterKind
from hf_spaces_runner.calling.gradio.app import read_config
from hf_spaces_runner.calling.gradio.endpoint import GradioEndpoint
from hf_spaces_runner.calling.gradio.schema import read_endpoints
from hf_spaces_runner.calling.parameter_type import ParameterType, read_type
from hf_spaces_runner.domain.terminal import printable
from hf_spaces_runner.errors import AnswerError, NoEndpointError
from tests.unit.calling.fake_space import FILE, TEXT, config, info

K = ParameterKind
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=10,
)


def only(described_config: object, described_info: object) -> GradioEndpoint:
    (endpoint,) = read_endpoints(described_config, described_info, read_config(described_config))
    return endpoint


def test_an_endpoint_is_read() -> None:
    endpoint = only(config(("label", "json")), info(("label", "json")))
    assert endpoint.signature == "/predict(text: text) -> Label, Json"
    assert [output.component for output in endpoint.returns] == ["Label", "Json"]
    assert (endpoint.fn_index, endpoint.slots, endpoint.queued, endpoint.public) == (0, (0,), True, True)


def test_a_state_is_a_slot_without_a_parameter_and_a_hidden_output() -> None:
    described = config(("textbox", "state"))
    described["components"][2]["skip_api"] = True
    described["dependencies"][0]["inputs"] = [2, 0]
    endpoint = only(described, info(("textbox",)))
    assert endpoint.slots == (None, 0)
    assert [output.hidden for output in endpoint.returns] == [False, True]


@pytest.mark.parametrize(
    ("dependency", "described", "expected"),
    [
        ({"queue": False}, {}, {"queued": False}),
        ({"queue": None}, {}, {"queued": True}),
        ({"id": 17}, {}, {"fn_index": 17}),
        ({}, {"show_api": False}, {"public": False}),
        ({}, {"api_visibility": "undocumented"}, {"public": False}),
    ],
)
def test_what_an_endpoint_says_of_itself(
    dependency: dict[str, object], described: dict[str, object], expected: dict[str, object]
) -> None:
    described_config, described_info = config(), info()
    described_config["dependencies"][0].update(dependency)
    described_info["named_endpoints"]["/predict"].update(described)
    endpoint = only(described_config, described_info)
    assert {name: getattr(endpoint, name) for name in expected} == expected


def test_a_private_endpoint_is_none() -> None:
    described = config()
    described["dependencies"][0]["api_visibility"] = "private"
    assert read_endpoints(described, info(), read_config(described)) == ()


def test_an_early_gradio_4_has_its_defaults_in_the_config() -> None:
    described_config, described_info = config(), info()
    del described_info["named_endpoints"]["/predict"]["parameters"][0]["parameter_has_default"]
    assert not only(described_config, described_info).parameters[0].has_default
    described_config["components"][0]["props"]["value"] = "hello"
    assert only(described_config, described_info).parameters[0].default == "hello"


def test_names_lose_what_a_terminal_would_obey() -> None:
    described = info()
    described["named_endpoints"]["/predict"]["parameters"][0].update(label="\x1b[31mred", parameter_name="te\x07xt")
    assert str(only(config(), described).parameters[0]) == "text (red): text"


def test_the_names_that_gradio_fills_in_are_not_shown() -> None:
    described = info()
    described["named_endpoints"]["/predict"]["parameters"][0]["label"] = "parameter_5"
    described["named_endpoints"]["/predict"]["returns"][0]["label"] = "value_6"
    described_config = config()
    del described_config["components"][1]["props"]["label"]
    assert only(described_config, described).signature == "/predict(text: text) -> Textbox"


@pytest.mark.parametrize(
    ("protocol", "message"), [("sse_v4", "protocol sse_v4 of Gradio 5.49.1 is not"), (["ws"], "protocol .* is not")]
)
def test_an_unknown_protocol_is_named(protocol: object, message: str) -> None:
    with pytest.raises(NoEndpointError, match=message):
        read_config(config(protocol=protocol))


@pytest.mark.parametrize(
    ("protocol", "expected"),
    [
        (None, (True, False, False)),
        ("sse", (False, False, False)),
        ("sse_v1", (False, False, False)),
        ("sse_v2", (False, True, False)),
        ("sse_v3", (False, True, True)),
    ],
)
def test_what_a_protocol_means(protocol: str | None, expected: tuple[bool, bool, bool]) -> None:
    app = read_config(config(protocol=protocol))
    assert (app.is_gradio_3, app.protocol.sends_differences, app.marks_files) == expected


@pytest.mark.parametrize("protocol", ["ws", "sse", "sse_v1", "sse_v2", "sse_v2.1", "sse_v3"])
def test_each_protocol_is_taken(protocol: str) -> None:
    app = read_config(config(protocol=protocol, max_file_size=100))
    assert (app.version, app.prefix, app.max_file_bytes) == ((5, 49), "/gradio_api", 100)
    assert app.marks_files == (protocol in {"sse_v2.1", "sse_v3"})


@pytest.mark.parametrize("described", [None, [], "x", {}, {"components": {}, "dependencies": []}])
def test_what_is_no_config_is_refused(described: object) -> None:
    with pytest.raises(AnswerError, match="not a Gradio app's"):
        read_config(described)


@pytest.mark.parametrize("prefix", ["//evil.example", "/a/../b", "http://evil.example", "/a b", 7, "/gradio_api\n"])
def test_a_prefix_that_is_no_path_is_refused(prefix: object) -> None:
    with pytest.raises(AnswerError, match="api_prefix"):
        read_config(config(api_prefix=prefix))


@pytest.mark.parametrize("described", [None, [], {}, {"named_endpoints": []}])
def test_what_is_no_info_is_refused(described: object) -> None:
    with pytest.raises(AnswerError, match="no endpoints object"):
        read_endpoints(config(), described, read_config(config()))


def test_one_schema_is_read_once_however_often_it_is_named() -> None:
    described = config()
    described["dependencies"] *= 100_000
    described_info = info()
    described_info["named_endpoints"]["/predict"]["parameters"] *= 10_000
    assert len(only(described, described_info).parameters) == 10_000


def test_numbers_that_all_have_the_same_hash_name_no_component() -> None:
    described = config()
    described["components"] += [{"id": number * (2**61 - 1), "type": "evil"} for number in range(1, 100_000)]
    described["dependencies"][0]["outputs"] = [2**61 - 1]
    assert [output.component for output in only(described, info()).returns] == ["Textbox"]


def test_the_default_of_a_component_counts_once() -> None:
    described = config()
    described["components"][0]["props"]["value"] = ["large"]
    described["dependencies"][0]["inputs"] = [0, 0, 0]
    described_info = info()
    described_info["named_endpoints"]["/predict"]["parameters"] = [{}, {}, {}]
    assert [parameter.default for parameter in only(described, described_info).parameters] == [["large"], None, None]


def test_a_signature_is_short_whatever_the_schema() -> None:
    described_config, described_info = config(["textbox"] * 1000), info(["textbox"] * 1000)
    parameter = {"parameter_name": "n" * 500, "parameter_has_default": True, "parameter_default": "\x9b31m\u202e" * 100}
    described_info["named_endpoints"]["/predict"]["parameters"] = [parameter] * 50_000
    signature = only(described_config, described_info).signature
    assert len(signature) < 4000
    assert re.fullmatch(r"/predict\(nnn.*, and 4999\d more\) -> (Textbox, ){40}and 960 more", signature)
    assert signature == printable(signature)


@given(parameters=JSON, returns=JSON, dependency=st.dictionaries(st.sampled_from(["inputs", "outputs", "id"]), JSON))
def test_nonsense_is_read_as_little_as_possible(parameters: Any, returns: Any, dependency: Any) -> None:
    described = config()
    described["dependencies"][0].update(dependency)
    endpoint = only(described, {"named_endpoints": {"/predict": {"parameters": parameters, "returns": returns}}})
    assert endpoint.signature.startswith("/predict(")


@given(JSON, JSON, st.sampled_from(["Textbox", "Image", "Dropdown", ""]))
def test_any_type_is_read(schema: Any, properties: Any, component: str) -> None:
    schema = schema if isinstance(schema, dict) else {"type": schema, "items": properties, "enum": schema}
    assert read_type(schema, component, properties if isinstance(properties, dict) else {}).kind in ParameterKind


REFERENCE = {"$defs": {"FileData": FILE}, "$ref": "#/$defs/FileData"}
FILES = {"$defs": {"FileData": FILE}, "type": "array", "items": {"$ref": "#/$defs/FileData"}}
NULLABLE = {"anyOf": [{"type": "null"}, FILE]}


@pytest.mark.parametrize(
    ("schema", "component", "properties", "expected"),
    [
        (TEXT, "Textbox", {}, ParameterType(kind=K.TEXT)),
        ({"type": "number"}, "Number", {"minimum": None}, ParameterType(kind=K.NUMBER)),
        (
            {"type": "number"},
            "Slider",
            {"minimum": 1, "maximum": 9},
            ParameterType(kind=K.NUMBER, minimum=1, maximum=9),
        ),
        ({"type": "integer"}, "Number", {}, ParameterType(kind=K.INTEGER)),
        ({"type": "boolean"}, "Checkbox", {}, ParameterType(kind=K.BOOLEAN)),
        ({"type": "string", "enum": ["a", "b"]}, "Radio", {}, ParameterType(kind=K.CHOICE, choices=("a", "b"))),
        ({"type": "string", "enum": ["a"]}, "Dropdown", {"allow_custom_value": True}, ParameterType(kind=K.CHOICE)),
        ({"type": "string"}, "Dropdown", {}, ParameterType(kind=K.CHOICE)),
        (
            {"type": "array", "items": {"type": "string", "enum": ["a"]}},
            "Checkboxgroup",
            {},
            ParameterType(kind=K.LIST, choices=("a",)),
        ),
        ({"type": "array", "items": {"type": "number"}}, "X", {}, ParameterType(kind=K.LIST)),
        ({"type": "array", "items": {"type": "array"}}, "Dataframe", {}, ParameterType(kind=K.TABLE)),
        (FILE, "Image", {}, ParameterType(kind=K.IMAGE)),
        (REFERENCE, "Audio", {}, ParameterType(kind=K.AUDIO)),
        (NULLABLE, "File", {}, ParameterType(kind=K.FILE)),
        (FILES, "File", {}, ParameterType(kind=K.FILE, many=True)),
        (
            {"properties": {"video": FILE, "subtitles": NULLABLE}},
            "Video",
            {},
            ParameterType(kind=K.VIDEO, wrapper=("video",)),
        ),
        (
            {"type": "array", "items": {"properties": {"image": FILE, "caption": TEXT}}},
            "Gallery",
            {},
            ParameterType(kind=K.IMAGE, many=True, wrapper=("image",)),
        ),
        (
            {"properties": {"background": NULLABLE, "layers": FILES, "composite": NULLABLE}},
            "Imageeditor",
            {},
            ParameterType(kind=K.IMAGE, wrapper=("background", "composite")),
        ),
        ({"properties": {"text": TEXT, "files": FILES}}, "Multimodaltextbox", {}, ParameterType(kind=K.MESSAGE)),
        ({"type": "number", "minimum": -(10**400), "maximum": 1e999}, "Number", {}, ParameterType(kind=K.NUMBER)),
        ({"type": {}, "description": "any valid json"}, "Json", {}, ParameterType(kind=K.JSON)),
        ({"$ref": "#/$defs/Loop", "$defs": {"Loop": {"$ref": "#/$defs/Loop"}}}, "X", {}, ParameterType(kind=K.JSON)),
    ],
)
def test_a_schema_becomes_a_kind(
    schema: dict[str, object], component: str, properties: dict[str, object], expected: ParameterType
) -> None:
    assert read_type(schema, component, properties) == expected
