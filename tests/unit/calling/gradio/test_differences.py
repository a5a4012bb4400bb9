"""What is done with the changes of a generator's outputs; the forms were seen from Gradio 4.44 to 6.31."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.calling.gradio.differences import PartialOutputs, apply_edits

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=8,
)
STEP = st.text(max_size=3) | st.integers(-3, 3)
EDIT = st.tuples(st.sampled_from(["add", "append", "delete", "replace"]), st.lists(STEP, max_size=3), JSON).map(list)


@pytest.mark.parametrize(
    ("value", "edits", "result"),
    [
        ("a", [["append", [], "b"]], "ab"),
        ("a", [["replace", [], {"x": 1}]], {"x": 1}),
        ([1], [["add", [1], 2]], [1, 2]),
        ({"a": 1}, [["add", ["b"], 2]], {"a": 1, "b": 2}),
        ({"a": [1, 2]}, [["delete", ["a", 0], None]], {"a": [2]}),
        ({"a": 1, "b": 2}, [["delete", ["a"], None]], {"b": 2}),
        ({"a": {"b": "x"}}, [["append", ["a", "b"], "y"], ["replace", ["a", "b"], "z"]], {"a": {"b": "z"}}),
        ("a", [], "a"),
    ],
)
def test_edits_are_made(value: object, edits: list[Any], result: object) -> None:
    assert apply_edits(value, edits) == result


def test_the_value_before_stays_as_it_was() -> None:
    before = [{"text": "a"}]
    apply_edits(before, [["append", [0, "text"], "b"]])
    assert before == [{"text": "a"}]


@given(JSON, st.lists(EDIT, max_size=3) | JSON)
def test_no_edit_does_more_than_not_fit(value: object, edits: object) -> None:
    partial = PartialOutputs(as_differences=True, max_bytes=1000)
    partial.take([value], 1)
    partial.take([edits], 1)


def test_outputs_grow() -> None:
    partial = PartialOutputs(as_differences=True, max_bytes=1000)
    assert partial.take(["a", [1]], 10) == ("a", [1])
    assert partial.take([[["append", [], "b"]], [["add", [1], 2]]], 10) == ("ab", [1, 2])
    assert partial.take([[], []], 10) == ("ab", [1, 2])


def test_whole_outputs_are_taken_as_they_are() -> None:
    partial = PartialOutputs(as_differences=False, max_bytes=1000)
    assert [partial.take(["a"], 9), partial.take(["b"], 9), partial.take("nonsense", 9)] == [["a"], ["b"], ()]


@pytest.mark.parametrize(
    "broken",
    ["x", [], [[["append", [7], "b"]]], [[["explode", [], "b"]]], [[["append", [], 5]]], [[["append", 5, "b"]]]],
)
def test_what_does_not_fit_is_given_up_for_good(broken: object) -> None:
    partial = PartialOutputs(as_differences=True, max_bytes=1000)
    partial.take(["a"], 1)
    assert partial.take(broken, 1) == ()
    assert partial.take([[["append", [], "b"]]], 1) == ()


def test_no_more_is_kept_than_allowed() -> None:
    partial = PartialOutputs(as_differences=True, max_bytes=100)
    partial.take(["a"], 60)
    assert partial.take([[["append", [], "b"]]], 60) == ()
