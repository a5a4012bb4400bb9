import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.domain.api import Api, ApiKind, ApiParameter, DeclaredType
from hf_spaces_runner.domain.hub_space import Categorised, Category, Found, HubSpace
from hf_spaces_runner.domain.image_check import ImageCheck, ImageStatus
from hf_spaces_runner.domain.space import Sdk, Space
from hf_spaces_runner.registry.space_json import space_from_json, space_to_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PARAMETERS = st.builds(
    ApiParameter,
    type=st.sampled_from(DeclaredType),
    default=VALUES,
    choices=st.lists(VALUES, max_size=3).map(tuple),
    minimum=st.none() | st.integers(-9, 9) | st.floats(allow_nan=False),
    maximum=st.none() | st.integers(-9, 9),
)
NAMED = st.dictionaries(st.text(max_size=5), PARAMETERS, max_size=3)
APIS = st.builds(
    Api,
    kind=st.sampled_from(ApiKind),
    health=st.none() | st.text(max_size=5),
    request=VALUES,
    parameters=NAMED,
    results=st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2),
)
TEXT = st.text(max_size=10)
SPACES = st.builds(
    Space,
    id=TEXT,
    docker_image=TEXT,
    description=TEXT,
    port=st.integers(1, 65535),
    space_id=st.none() | TEXT,
    sdk=st.sampled_from(Sdk),
    source=st.none() | st.sampled_from([Path("/a/b"), Path("c"), Path("/\udcff")]),
    inputs=st.dictionaries(TEXT, VALUES, max_size=3),
    env=st.dictionaries(TEXT, TEXT, max_size=2),
    memory_bytes=st.none() | st.integers(0, 2**63 - 1),
    cap_add=st.lists(TEXT, max_size=2).map(tuple),
    gpu=st.booleans(),
    api=APIS,
    tags=st.lists(TEXT, max_size=2).map(tuple),
    origin=st.just("here"),
)


@given(SPACES)
def test_what_was_written_is_read_again(space: Space) -> None:
    assert space_from_json(space_to_json(space), "here") == space


def test_what_is_not_said_is_not_written() -> None:
    assert json.loads(space_to_json(Space(id="a", docker_image="b"))) == {"id": "a", "docker_image": "b"}


def test_what_was_found_out_is_not_of_the_entry() -> None:
    categorised = Categorised(category=Category.SPECIALIZED, rule="", certainty=1)
    space = Space(
        id="a",
        docker_image="b",
        origin="mine",
        found=Found(hub=HubSpace(id="u/a"), categorised=categorised, read_at=1),
        check=ImageCheck(image="b", status=ImageStatus.GONE),
    )
    assert space_from_json(space_to_json(space), "x") == Space(id="a", docker_image="b", origin="x")


@pytest.mark.parametrize(
    "text",
    ["", "{", "5", "null", "[]", "{}", '{"id": "a"}', '{"id": "a", "docker_image": "b", "new": 1}',
     '{"id": "a", "docker_image": "b", "sdk": "nope"}', '{"id": "a", "docker_image": "b", "api": {"kind": "nope"}}',
     '{"id": "a", "docker_image": "b", "api": {"parameters": []}}', '{"id": "a", "docker_image": "b", "tags": 5}',
     '{"id": "a", "docker_image": "b", "source": 5}'],
)  # fmt: skip
def test_what_somebody_else_wrote_is_refused(text: str) -> None:
    with pytest.raises((ValueError, TypeError, KeyError, AttributeError)):
        space_from_json(text, "x")
