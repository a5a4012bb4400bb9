import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from hf_spaces_runner.domain.api import DEFAULT_PARAMETERS, DEFAULT_REQUEST, Api, ApiKind, ApiParameter, DeclaredType
from hf_spaces_runner.domain.space import Sdk, Space
from hf_spaces_runner.domain.terminal import printable
from hf_spaces_runner.registry.check_fields import check_fields
from hf_spaces_runner.registry.entry_text import entry_fields, entry_text, scalar_text
from tests.unit.registry.registry_texts import read

IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", fullmatch=True) | st.sampled_from(
    ["1", "1e3", "0x1F", "1_000", "yes", "null", "2024-01-01", "1.5", "on", "1" * 128, "9.", "0."]
)
ANY_TEXT = st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(
    [
        "a: b",
        " #x",
        "\n",
        "- x",
        "it's\n\n  x",
        "\u2028",
        "\x85\x0b",
        "\ufeff",
        "🎉 ü",
        "\x00",
        "=",
        "<<",
        "x" * 400,
        "x y " * 90,
    ]
)
LINES = ANY_TEXT.filter(lambda text: printable(text) == text and text.isprintable()) | st.sampled_from(
    ["", "no", "=", "~"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=6,
)
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,9}", fullmatch=True)
PARAMETERS = st.builds(
    ApiParameter,
    type=st.sampled_from(DeclaredType),
    default=JSON,
    choices=st.lists(st.booleans() | st.integers() | ANY_TEXT, max_size=3).map(tuple),
    minimum=st.none() | st.integers(-9, 9).map(float),
    maximum=st.none() | st.floats(allow_nan=False),
)
PATHS = st.sampled_from(["/api/generate", "/", "/ü/🎉"])
PLAIN = Api()


def _http_apis() -> SearchStrategy[Api]:
    """Return ways to call that an entry can say: without a request it has the parameters of the default one."""
    common = {"health": st.none() | PATHS, "path": PATHS, "method": st.sampled_from(["GET", "POST", "PUT", "PATCH"])}
    results = st.dictionaries(ANY_TEXT, st.sampled_from(["", "a.b", "a[0]"]), max_size=2)
    named = st.dictionaries(NAMES.filter(lambda name: name not in {"prompt", "session"}), PARAMETERS, max_size=2)
    request = st.dictionaries(ANY_TEXT, JSON, max_size=3) | st.just(dict(DEFAULT_REQUEST))
    return st.builds(Api, kind=st.just(ApiKind.HTTP), results=results, request=request, parameters=named, **common) | (
        st.builds(
            Api,
            kind=st.just(ApiKind.HTTP),
            results=results | st.just(dict(PLAIN.results)),
            parameters=named.map(lambda more: {**DEFAULT_PARAMETERS, **more}),
            **common,
        )
    )


APIS = st.builds(Api, kind=st.sampled_from([kind for kind in ApiKind if kind != "http"]), health=st.none() | PATHS)
SPACES = st.builds(
    Space,
    id=IDS,
    docker_image=st.sampled_from(["registry.hf.space/x:latest", "host:5000/a/b@sha256:" + "a" * 64]),
    description=LINES,
    category=st.sampled_from(["specialized", "text_processing"]),
    input_type=LINES,
    output_type=LINES,
    port=st.integers(1, 65535),
    status=LINES.filter(bool),
    space_id=st.none() | st.sampled_from(["user/name", "0/1", "a.b/c_d-e"]),
    sdk=st.sampled_from(Sdk),
    app_file=st.sampled_from(["app.py", "src/ü: #.py", "1"]),
    source=st.none() | st.sampled_from([Path("/a/b"), Path("/ü: #/🎉")]),
    endpoint=st.none() | LINES.filter(bool),
    inputs=st.dictionaries(ANY_TEXT, JSON, max_size=3),
    env=st.dictionaries(NAMES, ANY_TEXT.filter(lambda text: "\0" not in text), max_size=2),
    memory_bytes=st.none() | st.integers(2**30, 2**63 - 1),
    cap_add=st.lists(st.sampled_from(["SYS_NICE", "NET_RAW"]), max_size=2).map(tuple),
    gpu=st.booleans(),
    digest=st.none() | st.just("sha256:" + "0" * 64),
    api=APIS | _http_apis() | st.just(Api()),
    tags=st.lists(LINES, max_size=2).map(tuple),
    origin=st.just("test"),
)


@settings(max_examples=300, deadline=None)
@given(space=SPACES, indent=st.sampled_from([1, 2, 4, 8]))
def test_what_was_written_is_read_again(space: Space, indent: int) -> None:
    fields = entry_fields(space)
    check_fields(fields)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "registry.yaml")
        file.write_text(f"spaces:\n{entry_text(fields, indent=indent)}", encoding="utf-8", newline="")
        spaces, faults = read(file)
    assert faults == ()
    assert spaces == [space]
    assert repr(spaces[0].inputs) == repr(space.inputs)  # 1, 1.0 and True are equal


@given(ANY_TEXT)
def test_a_text_behind_a_key_is_read_again(text: str) -> None:
    assert yaml.safe_load(f"a: {scalar_text(text)}  # b\nc: {{d: {scalar_text(text)}, e: 1}}") == {
        "a": text,
        "c": {"d": text, "e": 1},
    }


def test_an_entry_says_what_is_not_said_anyway() -> None:
    space = Space(id="x", docker_image="host/x:1", description="A: b", category="specialized", status="available")
    assert entry_text(entry_fields(space)) == (
        "  x:\n    id: x\n    docker_image: host/x:1\n    description: 'A: b'\n    category: specialized\n"
        "    input_type: ''\n    output_type: ''\n    port: 7860\n    status: available\n"
    )


def test_people_see_emoji_and_umlauts() -> None:
    assert "    description: 🎉 schön\n" in entry_text({"id": "x", "description": "🎉 schön"})
    assert scalar_text("🎉") == "🎉"


def test_a_source_is_written_as_it_is_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert entry_fields(Space(id="x", docker_image="x", source=Path("a")))["source"] == str(tmp_path / "a")


@pytest.mark.parametrize("hostile", ["\u202e", "\u2066", "\u200f"])
def test_what_turns_the_text_around_it_is_written_as_a_number(hostile: str) -> None:
    space = Space(id="x", docker_image="x", env={"A": f"{hostile}abc"}, inputs={f"k{hostile}": ["größer"]})
    text = entry_text(entry_fields(space))
    assert printable(text) == text
    written = yaml.safe_load(text)["x"]
    assert (written["env"], written["inputs"]) == (space.env, space.inputs)
