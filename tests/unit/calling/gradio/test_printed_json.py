from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.calling.gradio.app import GradioApp
from hf_spaces_runner.calling.gradio.printed_json import read_printed
from hf_spaces_runner.errors import AnswerError

if TYPE_CHECKING:
    from hf_spaces_runner.calling.gradio.endpoint import GradioEndpoint

LIMITS = AnswerLimits()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
)


def read(value: object, *, component: str = "Json", version: tuple[int, int] = (5, 49)) -> object:
    endpoint = cast("GradioEndpoint", SimpleNamespace(returns=[SimpleNamespace(component=component)]))
    (answered,) = read_printed(GradioApp(version=version), endpoint, [value], LIMITS)
    return answered


@given(JSON)
def test_what_gradio_printed_is_what_it_was(value: object) -> None:
    assert read(f"root={value!r}") == value


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "root",
        "root=",
        "root=hello there",
        "root='open",
        "root={'a': ",
        "root=__import__('os')",
        "root=" + "[" * 5000,
    ],
)
def test_a_text_that_is_nothing_that_gradio_prints_stays_as_it_is(text: str) -> None:
    assert read(text) == text


def test_only_the_json_of_gradio_5_is_read() -> None:
    printed = "root={'a': None}"
    assert read(printed, component="Textbox") == printed
    assert read(printed, version=(4, 44)) == read(printed, version=(6, 0)) == printed
    assert read({"a": None}) == {"a": None}


def test_more_values_than_an_answer_may_have_are_refused() -> None:
    with pytest.raises(AnswerError):
        read("root=[" + "''," * (LIMITS.max_json_weight + 1) + "]")


@pytest.mark.parametrize(
    "evil", ["root=" + "\\'" * 2_000_000, "root='" + "\\" * 10_000_000, 'root="' + "a" * 10_000_000]
)
def test_an_evil_text_of_one_value_ends(evil: str) -> None:
    assert isinstance(read(evil), str)
