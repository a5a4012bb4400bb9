import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.result_cache.key import FileMark, KeyInput, cache_key

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)
marks = st.builds(FileMark, sha256=st.text("0123456789abcdef", min_size=1, max_size=3), name=st.text(max_size=3))
inputs = st.builds(KeyInput, name=st.none() | st.text(max_size=3), value=values) | st.builds(
    KeyInput, name=st.none() | st.text(max_size=3), file=marks
)
texts = st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=3)
calls = st.fixed_dictionaries(
    {
        "image_id": st.text(max_size=3),
        "endpoint": st.none() | st.text(max_size=3),
        "prompt": st.none() | st.text(max_size=3),
        "inputs": st.lists(inputs, max_size=4),
        "preset_inputs": st.dictionaries(st.text(max_size=3), values, max_size=3),
        "environment": texts,
        "circumstances": texts,
    }
)


def in_words(call: dict[str, Any]) -> str:
    """Return all that counts of `call`, put another way than the key does it."""
    given = sorted(call["inputs"], key=lambda one: (one.name is None, one.name or ""))
    shown = [repr((one.name, one.file or json.dumps(one.value))) for one in given]
    endpoint = call["endpoint"] and f"/{call['endpoint'].lstrip('/')}"
    presets = [(name, json.dumps(value)) for name, value in call["preset_inputs"].items()]
    rest = [sorted(call[name].items()) for name in ("environment", "circumstances")]
    return repr((call["image_id"], endpoint or call["endpoint"], call["prompt"], shown, presets, rest))


@given(calls, calls)
def test_calls_have_the_same_key_if_they_are_the_same(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert (cache_key(**first) == cache_key(**second)) == (in_words(first) == in_words(second))


@given(calls, st.data())
def test_each_change_makes_another_key(call: dict[str, Any], data: st.DataObject) -> None:
    what = data.draw(st.sampled_from(sorted(call)))
    changed = {**call, what: data.draw(calls)[what]}
    assert (cache_key(**call) == cache_key(**changed)) == (in_words(call) == in_words(changed))


@given(calls, st.randoms())
def test_the_order_of_named_inputs_is_nothing(call: dict[str, Any], random: Any) -> None:
    named = list({one.name: one for one in call["inputs"] if one.name is not None}.values())
    unnamed = [one for one in call["inputs"] if one.name is None]
    mixed = list(named)
    random.shuffle(mixed)
    assert cache_key(**{**call, "inputs": named + unnamed}) == cache_key(**{**call, "inputs": unnamed + mixed})


def key(**given: Any) -> str | None:
    return cache_key(**{"image_id": "sha256:1", "endpoint": "/predict", "prompt": "hello", **given})


def test_values_are_told_apart_by_type() -> None:
    kinds: list[object] = [1, 1.0, True, "1", [1], {"1": 1}, None, "true", "null", 0, False, 0.0, -0.0]
    assert len({key(inputs=[KeyInput(name="x", value=value)]) for value in kinds}) == len(kinds)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (KeyInput(name="a", value="b"), KeyInput(name="b", value="a")),
        (KeyInput(name=None, value="x"), KeyInput(name="", value="x")),
        (KeyInput(name="a", file=FileMark(sha256="1", name="a.png")), KeyInput(name="a", value=["file", "1"])),
        (
            KeyInput(file=FileMark(sha256="1", name="a.png")),
            KeyInput(file=FileMark(sha256="1", name="a.jpg")),
        ),
    ],
)
def test_inputs_are_told_apart(first: KeyInput, second: KeyInput) -> None:
    assert key(inputs=[first]) != key(inputs=[second])


def test_the_order_of_what_has_no_name_counts_and_so_does_that_of_one_name() -> None:
    for name in (None, "images"):
        pair = [KeyInput(name=name, value="a"), KeyInput(name=name, value="b")]
        assert key(inputs=pair) != key(inputs=pair[::-1])


def test_a_secret_is_in_the_key_as_its_value() -> None:
    assert key(environment={"TOKEN": Secret("one")}) != key(environment={"TOKEN": Secret("two")})
    assert key(environment={"TOKEN": Secret("one")}) == key(environment={"TOKEN": "one"})
    assert key(environment={"TOKEN": "one"}) != key(circumstances={"TOKEN": "one"})


def test_an_endpoint_is_the_same_with_and_without_its_slash() -> None:
    assert key(endpoint="predict") == key(endpoint="/predict") != key(endpoint=None)


def test_our_version_is_in_the_key() -> None:
    assert key(version=1) != key(version=2)


def endless() -> object:
    loop: list[object] = []
    loop.append(loop)
    return loop


@pytest.mark.parametrize("make", [object, lambda: b"bytes", lambda: {("a",): 1}, endless, lambda: 10**5000])
def test_what_is_no_json_has_no_key(make: Callable[[], object]) -> None:
    assert key(inputs=[KeyInput(name="x", value=make())]) is None


def test_a_key_shows_nothing() -> None:
    made = key(prompt="SECRET", environment={"A": Secret("SECRET")})
    assert made is not None
    assert len(made) == 64
    assert set(made) <= set("0123456789abcdef")
    assert key(inputs=[replace(KeyInput(), value="\udcff")]) is not None
