from typing import Any

import pytest
from pydantic import ValidationError

from hf_spaces_runner.domain.api import Api, ApiKind, ApiParameter, DeclaredType
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.registry.api_entry import ApiEntry
from hf_spaces_runner.registry.space_json import space_from_json, space_to_json


def api(**keys: Any) -> Api:
    return ApiEntry.model_validate(keys).to_api()


def test_nothing_said_means_that_the_space_is_asked() -> None:
    assert api() == Api(kind=ApiKind.AUTO)


def test_the_kind_http_alone_is_the_default_contract() -> None:
    own = api(kind="http")
    assert (own.method, own.path) == ("POST", "/api/generate")
    assert own.request == {
        "inputs": "$prompt",
        "parameters": {"max_new_tokens": "$max_new_tokens", "temperature": "$temperature"},
    }
    assert {name: parameter.default for name, parameter in own.parameters.items()} == {
        "max_new_tokens": 100,
        "temperature": 0.7,
    }
    assert own.results == {"generated_text": "generated_text"}


def test_another_contract_by_configuration_alone() -> None:
    own = api(
        kind="http",
        health="/api/health",
        path="/api/v1/optimize",
        request={"prompt": "$prompt", "session_id": "$session"},
        results={"optimized_prompt": "optimized_prompt", "score": "scores[0].value"},
    )
    assert (own.health, own.path, dict(own.parameters)) == ("/api/health", "/api/v1/optimize", {})
    assert own.results == {"optimized_prompt": "optimized_prompt", "score": "scores[0].value"}


def test_a_request_without_results_brings_the_whole_answer() -> None:
    assert api(kind="http", request={"q": "$prompt"}).results == {"answer": ""}


@pytest.mark.parametrize(
    ("place", "results"),
    [
        ("a.b", {"b": "a.b"}),
        ("choices[0].text", {"text": "choices[0].text"}),
        ("[0]", {"answer": "[0]"}),
        ("", {"answer": ""}),
    ],
)
def test_one_place_stands_for_itself(place: str, results: dict[str, str]) -> None:
    assert api(kind="http", request={}, results=place).results == results


def test_parameters_are_typed() -> None:
    own = api(kind="http", request={"n": "$n"}, parameters={"n": {"type": "integer", "default": 3, "maximum": 9}})
    assert own.parameters == {"n": ApiParameter(type=DeclaredType.INTEGER, default=3, maximum=9)}


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"kind": "soap"}, "Input should be 'auto'"),
        ({"kind": "http", "path": "api"}, "should match pattern"),
        ({"kind": "http", "path": "/a b"}, "should match pattern"),
        ({"health": "http://evil/"}, "should match pattern"),
        ({"kind": "http", "method": "DELETE"}, "Input should be 'GET'"),
        ({"kind": "gradio", "path": "/x"}, "only the kind http has this, and the kind is gradio"),
        ({"path": "/x"}, "only the kind http has this, and the kind is auto"),
        ({"kind": "http", "parameters": {"prompt": {}}}, r"\$prompt has a meaning of its own"),
        ({"kind": "http", "parameters": {"a-b": {}}}, "should match pattern"),
        ({"kind": "http", "parameters": {"a": {"type": "date"}}}, "Input should be 'string'"),
        ({"kind": "http", "results": {"x": "a[b]"}}, "no place in an answer"),
        ({"kind": "http", "results": {"x": "a..b"}}, "no place in an answer"),
        ({"kind": "http", "surprise": 1}, "Extra inputs"),
    ],
)
def test_what_cannot_be_is_told(keys: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        api(**keys)


def test_an_index_brings_back_the_same() -> None:
    own = api(kind="http", request={"n": "$n"}, parameters={"n": {"type": "integer", "choices": [1, 2]}})
    space = Space(id="a", docker_image="b", api=own)
    assert space_from_json(space_to_json(space), space.origin).api == own
