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
    assert all(line.count("\t") == 5 for line in lines)
    assert hfsr("list", "--format", "quiet", directory=tmp_path).stdout.split() == [
        line.split("\t")[0] for line in lines
    ]


def test_list_shows_the_users_own_registry_too(tmp_path: Path, own_registry: dict[str, str]) -> None:
    listed = hfsr("list", "--json", directory=tmp_path, environment=own_registry).json["spaces"]
    assert [space["id"] for space in listed] == ["clip-analysis", *(one for one in BUNDLED if one != "clip-analysis")]
    own = listed[0]
    assert own["origin"] == own_registry["HFSR_REGISTRY"]
    assert own["docker_image"] == "registry.hf.space/openai-clip:latest"


def test_list_of_a_category(tmp_path: Path) -> None:
    ended = hfsr("list", "--category", "audio_processing", "--format", "quiet", directory=tmp_path)
    listed = ended.stdout.split()
    assert listed[0] == "sphinx-transcription"
    assert listed == [one for one in BUNDLED if one in listed]
    assert "face-detection" not in listed
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
        (b"spaces:\n  a: {id: a, id: a}\n", ":2:14: spaces > a: the key 'id' stands twice"),
        (b"spaces:\n  a:\n    id: a\n", ":3:5: spaces > a > docker_image: is missing; write host/name:tag"),
        (b"a: &a [x]\nb: *a\n", ":2:4: the file: aliases"),
        (b"\xff", ":1:1: the file: is not UTF-8"),
        (b"[" * 300_000, ":1:51: the file: nested more than 50 levels deep"),
    ],
)
def test_what_is_broken_in_a_registry_is_named_and_all_else_works(tmp_path: Path, content: bytes, place: str) -> None:
    file = tmp_path / "own.yaml"
    file.write_bytes(content)
    ended = hfsr("list", "--json", directory=tmp_path, environment={"HFSR_REGISTRY": str(file)})
    assert [space["id"] for space in ended.json["spaces"]] == BUNDLED
    assert (ended.exit_code, ended.stderr.count("Warning: ")) == (0, 1)
    assert f"{file}{place}" in ended.stderr


def test_an_entry_that_is_left_out_is_refused_with_the_reason(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("spaces:\n  a:\n    id: a\n")
    for arguments in (["info", "a"], ["run", "x", "--hf-space", "a"]):
        ended = hfsr(*arguments, "--json", directory=tmp_path, environment={"HFSR_REGISTRY": str(file)})
        assert ended.exit_code == 3
        assert f"{file}:3:5: spaces > a > docker_image: is missing" in ended.json["error"]
        assert json.loads(ended.stdout)["exit_code"] == 3


@pytest.mark.parametrize("name", ["none.yaml", "."])
def test_a_registry_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    ended = hfsr("list", directory=tmp_path, environment={"HFSR_REGISTRY": str(tmp_path / name)})
    assert (ended.exit_code, ended.stdout) == (3, "")
    assert str(tmp_path) in ended.stderr
