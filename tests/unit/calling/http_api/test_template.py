"""The request template: what stands for what, and where results are found."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.calling.endpoint import ParameterKind
from hf_spaces_runner.calling.http_api.template import fill_template, find_results, read_template
from hf_spaces_runner.domain.api import Api, ApiParameter, DeclaredType
from hf_spaces_runner.errors import AnswerError

ANY_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=15,
)


def test_the_default_contract_is_an_endpoint() -> None:
    endpoint = read_template(Api())
    assert endpoint.signature == (
        "/api/generate(prompt: text, max_new_tokens: integer = 100, temperature: number = 0.7) -> generated_text"
    )


def test_each_placeholder_is_one_parameter_in_the_order_of_the_template() -> None:
    request = {"a": ["$second", {"x": "$prompt"}], "b": "see $third and $prompt, $session, $$4", "c": "$$prompt"}
    api = Api(
        request=request,
        parameters={
            "second": ApiParameter(type=DeclaredType.FILE),
            "third": ApiParameter(choices=("a", "b"), default="a"),
            "unused": ApiParameter(),
        },
    )
    assert [(one.name, one.kind, one.has_default) for one in read_template(api).parameters] == [
        ("second", ParameterKind.FILE, False),
        ("prompt", ParameterKind.TEXT, False),
        ("third", ParameterKind.CHOICE, True),
    ]


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("$n", 5),
        ("n=$n, $t$t$$n $", "n=5, abab$n $"),
        ("$$n", "$n"),
        ({"a": "$n", "b": "$none", "$n": 1}, {"a": 5, "$n": 1}),
        (["$none", "$t", None], ["ab", None]),
        ("[$none]", "[]"),
        ("$o", {"k": [1]}),
        ("$o!", '{"k": [1]}!'),
        ("$yes!", "true!"),
    ],
)
def test_placeholders_are_filled(template: object, filled: object) -> None:
    values = {"n": 5, "t": "ab", "none": None, "o": {"k": [1]}, "yes": True}
    assert fill_template(template, values) == filled


def test_what_a_user_gives_is_never_read_as_a_template() -> None:
    assert fill_template({"a": "$prompt", "b": "x $prompt"}, {"prompt": "$session", "session": "s"}) == {
        "a": "$session",
        "b": "x $session",
    }


@given(ANY_JSON)
def test_a_template_without_a_dollar_is_sent_as_it_is(template: Any) -> None:
    if "$" not in json.dumps(template):
        assert fill_template(template, {}) == template


ANSWER = {"a": {"b": [{"c": 1}, None]}, "text": "hello", "empty": {}}


@pytest.mark.parametrize(
    ("place", "found"), [("a.b[0].c", 1), ("a.b[1]", None), ("text", "hello"), ("", ANSWER), ("a.b", [{"c": 1}, None])]
)
def test_results_are_found(place: str, found: object) -> None:
    assert find_results(ANSWER, {"x": place}, "POST /x") == [("x", found)]


def test_no_results_mean_all_of_the_answer() -> None:
    assert find_results([1], {}, "POST /x") == [("answer", [1])]


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("nope", "nothing at nope: it has the keys a, text, empty"),
        ("a.b[2]", r"a\.b is a list of 2"),
        ("a[0]", "a has the keys b"),
        ("text.x", 'text is "hello"'),
        ("empty.x", "empty is an empty object"),
        ("a.b[1].x", r"a\.b\[1\] is null"),
        ("a.b[0].c.d", r"a\.b\[0\]\.c is 1"),
    ],
)
def test_a_missing_place_says_what_is_there(place: str, says: str) -> None:
    with pytest.raises(AnswerError, match=says):
        find_results(ANSWER, {"x": place}, "POST /x")


@given(ANY_JSON, st.from_regex(r"(?:(?:^|\.)[^.\[\]]{1,3}|\[\d{1,9}\])*", fullmatch=True))
def test_any_answer_has_the_place_or_does_not(answer: Any, place: str) -> None:
    try:
        ((_, found),) = find_results(answer, {"x": place}, "POST /x")
    except AnswerError as error:
        message = error.message
    else:
        message = ""
        assert json.dumps(found) in json.dumps(answer)
    assert len(message) < 1500
