import json
from pathlib import Path

import pytest

from tests.engine.command_line import BUNDLED, hfsr
from tests.unit.registry.test_registry import AS_IN_THE_README


@pytest.fixture
def own_registry(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "own.yaml").write_text(AS_IN_THE_README, encoding="utf-8")
    return {"HFSR_REGISTRY": str(tmp_path / "own.yaml")}


def test_list_shows_a_space_a_line(tmp_path: Path) -> None:
    lines = hfsr("list", directory=tmp_path).stdout.splitlines()
    assert [line.split("\t")[0] for line in lines] == BUNDLED
    assert all(line.count("\t") == 4 for line in lines)
    assert hfsr("list", "--format", "quiet", directory=tmp_path).stdout.split() == [
        line.split("\t")[0] for line in lines
    ]


def test_list_shows_the_users_own_registry_too(tmp_path: Path, own_registry: dict[str, str]) -> None:
    listed = hfsr("list", "--json", directory=tmp_path, environment=own_registry).json["spaces"]
    assert len(listed) == len(BUNDLED) + 1
    own = next(space for space in listed if space["id"] == "clip-analysis")
    assert own["origin"] == own_registry["HFSR_REGISTRY"]
    assert own["docker_image"] == "registry.hf.space/openai-clip:latest"


def test_list_of_a_category(tmp_path: Path) -> None:
    ended = hfsr("list", "--category", "audio_processing", "--format", "quiet", directory=tmp_path)
    assert ended.stdout == "sphinx-transcription\n"
    ended = hfsr("list", "--category", "nope", directory=tmp_path)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "audio_processing" in ended.stderr


def test_list_for_people_is_a_table_without_colours_where_none_are_wanted(tmp_path: Path) -> None:
    ended = hfsr("list", "--format", "human", directory=tmp_path, environment={"NO_COLOR": "1"})
    assert ended.stdout.startswith("ID")
    assert "\x1b" not in ended.stdout


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("vader-sentiment", {"id": "vader-sentiment", "origin": "bundled"}),
        (
            "user/Name",
            {"id": "user-name", "space_id": "user/Name", "docker_image": "registry.hf.space/user-name:latest"},
        ),
        ("https://huggingface.co/spaces/user/name", {"space_id": "user/name", "origin": "reference"}),
        ("https://user-name.hf.space", {"docker_image": "registry.hf.space/user-name:latest"}),
        ("ghcr.io/some/app:v1", {"docker_image": "ghcr.io/some/app:v1", "id": "some-app"}),
        ("clip-analysis", {"port": 7860, "input_type": "text_and_image"}),
    ],
)
def test_info_knows_all_forms_of_a_reference(
    tmp_path: Path, own_registry: dict[str, str], reference: str, expected: dict[str, object]
) -> None:
    shown = hfsr("info", reference, "--json", directory=tmp_path, environment=own_registry).json
    assert {key: shown[key] for key in expected} == expected
    assert "--hf-space" in shown["command"]


def test_info_for_a_pipe_is_a_line_a_fact(tmp_path: Path) -> None:
    ended = hfsr("info", "face-detection", directory=tmp_path)
    assert ended.exit_code == 0
    assert any(line.split() == ["port", "7860"] for line in ended.stdout.splitlines())
    assert "hfsr run -i @photo.jpg --hf-space face-detection" in ended.stdout


def test_an_unknown_space_is_answered_with_the_three_nearest(tmp_path: Path) -> None:
    ended = hfsr("info", "vader-sentimnt", "--json", directory=tmp_path)
    assert ended.exit_code == 3
    assert "nearest: vader-sentiment, " in ended.json["error"]
    assert ended.json["verdict"] == "unknown_space"
    assert ended.stderr.count("Error:") == 1


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"spaces: [\n", ":2:1: "),
        (b"spaces:\n  a: {id: a, id: a}\n", ":2:14: the key 'id' stands twice"),
        (b"spaces:\n  a:\n    id: a\n", ":3:5: spaces > a > docker_image: Field required"),
        (b"a: &a [x]\nb: *a\n", ":2:4: aliases"),
        (b"\xff", ":1:1: is not UTF-8"),
        (b"[" * 300_000, "nested more than 50 levels deep"),
    ],
)
def test_a_broken_registry_is_named_with_line_and_column(tmp_path: Path, content: bytes, place: str) -> None:
    file = tmp_path / "own.yaml"
    file.write_bytes(content)
    for arguments in (["list"], ["run", "x", "--hf-space", "vader-sentiment"]):
        ended = hfsr(*arguments, "--json", directory=tmp_path, environment={"HFSR_REGISTRY": str(file)})
        assert ended.exit_code == 3
        assert f"{file}{place}" in ended.json["error"] or place in ended.json["error"]
        assert json.loads(ended.stdout)["exit_code"] == 3


@pytest.mark.parametrize("name", ["none.yaml", "."])
def test_a_registry_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    ended = hfsr("list", directory=tmp_path, environment={"HFSR_REGISTRY": str(tmp_path / name)})
    assert (ended.exit_code, ended.stdout) == (3, "")
    assert str(tmp_path) in ended.stderr
