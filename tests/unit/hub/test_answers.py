"""Only what a Space may have passes from the Hub's JSON, whatever else stands in it."""

import json
from contextlib import suppress

import pytest
from huggingface_hub import SpaceInfo, SpaceSearchResult
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hf_spaces_runner.domain.hub_space import HubSpace
from hf_spaces_runner.errors import HubError
from hf_spaces_runner.hub.answers import one_model, one_space, space_page
from hf_spaces_runner.hub.spaces import hub_space

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
FIELDS = (
    "subdomain",
    "sdk",
    "sha",
    "likes",
    "tags",
    "models",
    "runtime",
    "cardData",
    "title",
    "ai_short_description",
    "ai_category",
    "siblings",
    "createdAt",
)


def space(**fields: object) -> HubSpace:
    checked = one_space({"id": "user/name", **fields})
    assert isinstance(checked, dict)
    return hub_space(SpaceInfo(**checked))  # type: ignore[no-untyped-call]


@UNHURRIED
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, JSON)))
def test_whatever_stands_in_a_space_the_library_can_parse_it(fields: dict[str, object]) -> None:
    assert space(**fields).id == "user/name"
    checked = one_space({"id": "user/name", **fields})
    assert isinstance(checked, dict)
    assert hub_space(SpaceSearchResult(checked)).id == "user/name"


@UNHURRIED
@given(JSON)
def test_any_answer_is_a_list_of_spaces_or_an_error(answer: object) -> None:
    for check in (space_page, one_space, one_model):
        with suppress(HubError):
            json.dumps(check(answer))


def test_an_item_that_is_no_space_is_left_out() -> None:
    items = [None, 3, "user/name", {}, {"id": "x"}, {"id": ["a/b"]}, {"id": "a/b\n"}, {"id": "-a/b"}, {"id": "a/b"}]
    page = space_page(items)
    assert isinstance(page, list)
    assert [item["id"] for item in page] == ["a/b"]
    assert space_page([]) == []


@pytest.mark.parametrize("value", ["", "A", "a.b", "-a", "a-", "a" * 64, "a\n", "a/b", "ä", 7, None])
def test_a_subdomain_is_a_dns_label_or_none(value: object) -> None:
    assert space(subdomain=value).subdomain is None
    assert space(subdomain="user-name-2").subdomain == "user-name-2"


@pytest.mark.parametrize("value", ["main", "0" * 39, "G" * 40, "0" * 41, 12])
def test_a_sha_is_hexadecimal(value: object) -> None:
    assert space(sha=value).sha is None
    assert space(sha="a0" * 20).sha == "a0" * 20


@pytest.mark.parametrize("value", ["/etc/passwd", "../app.py", "a/../b", "-c", "a\nb", "$(id)", "x" * 300, ["app.py"]])
def test_an_app_file_is_a_path_in_the_app(value: object) -> None:
    assert space(cardData={"app_file": value}).app_file is None
    assert space(cardData={"app_file": "demo/my app.py"}).app_file == "demo/my app.py"


@pytest.mark.parametrize("value", [0, -1, 65_536, True, "7860", 7860.5, 10**30])
def test_a_port_is_one(value: object) -> None:
    assert space(cardData={"app_port": value}).app_port is None
    assert space(cardData={"app_port": 7861}).app_port == 7861


@pytest.mark.parametrize("value", [-1, True, "9", 1.5, 10**30, None])
def test_likes_are_a_number(value: object) -> None:
    assert space(likes=value).likes == 0


@pytest.mark.parametrize("value", ["running", "RUN NING", "X" * 99, 3, {"a": 1}])
def test_a_stage_is_a_word_in_capitals(value: object) -> None:
    assert space(runtime={"stage": value, "hardware": {"current": "t4-small"}}).stage is None
    assert space(runtime={"stage": "NEW_STAGE"}).stage == "NEW_STAGE"


def test_texts_are_one_printable_line_with_an_end() -> None:
    told = space(cardData={"title": " A\n\x1b[31mred\x07 title ", "short_description": "\u202ex" + "y" * 9000})
    assert told.title == "A red title"
    assert len(told.description) == 500
    assert told.description.isprintable()


def test_tags_are_few_and_short() -> None:
    tags = ["good", "good", 3, None, "t" * 61, "\x1b[1mbold", "", *(f"tag-{number}" for number in range(99))]
    told = space(tags=tags, cardData={"tags": "single", "models": ["a/b", "../c", "gpt2"]}, models="d/e")
    assert told.tags[:4] == ("single", "good", "bold", "tag-0")
    assert len(told.tags) == 50
    assert told.models == ("d/e", "a/b", "gpt2")


def test_hardware_is_what_it_runs_on_else_what_it_asks_for() -> None:
    runtime = {"stage": "RUNNING", "hardware": {"current": "t4-small", "requested": "a10g-large"}}
    card = {"suggested_hardware": "a100-large"}
    assert space(runtime=runtime, cardData=card).hardware == "t4-small"
    runtime["hardware"] = {"current": None, "requested": "a10g-large"}
    assert space(runtime=runtime, cardData=card).hardware == "a10g-large"
    assert space(cardData=card).hardware == "a100-large"
    assert space(runtime={"stage": "PAUSED", "hardware": "nonsense"}).hardware is None
