"""`hfsr validate` as a user types it: its forms of output, and its exit codes."""

from pathlib import Path

import pytest

from tests.engine.command_line import Ended, hfsr

README = "---\nsdk: gradio\nsdk_version: 5.49.1\n---\n"
APP = "import gradio as gr\ngr.Interface(len, 'text', 'number').launch(share=True)\n"


@pytest.fixture
def space(tmp_path: Path) -> Path:
    """Return the folder of a Space that asks for a public tunnel."""
    folder = tmp_path / "my space"
    folder.mkdir()
    (folder / "README.md").write_text(README)
    (folder / "app.py").write_text(APP)
    return folder


def validate(space: Path, *arguments: str) -> Ended:
    return hfsr("validate", str(space), *arguments, directory=space.parent, environment={"NO_COLOR": "1"})


def test_json_names_the_place_of_each_check(space: Path) -> None:
    ended = validate(space, "--json")
    assert (ended.exit_code, ended.json["status"]) == (0, "warn")
    assert all(set(check) == {"name", "status", "message", "fix", "file", "line"} for check in ended.json["checks"])
    assert [check for check in ended.json["checks"] if check["status"] != "ok"] == [
        {
            "name": "share",
            "status": "warn",
            "message": "launch(share=True) opens a public tunnel elsewhere, and does nothing on the Hub",
            "fix": "remove share=True",
            "file": "app.py",
            "line": 2,
        }
    ]


def test_strict_ends_with_one_where_something_is_doubted(space: Path) -> None:
    assert validate(space, "--strict").exit_code == 1
    (space / "app.py").write_text(APP.replace("share=True", ""))
    assert validate(space, "--strict").exit_code == 0


def test_people_get_the_place_and_the_fix_beneath(space: Path) -> None:
    (space / "README.md").write_text(README.replace("gradio\n", "gradioo\n"))
    ended = validate(space, "--format", "human")
    lines = ended.stdout.splitlines()
    place = lines.index("fail  front matter: README.md:2: sdk: 'gradioo' is none of gradio, docker, static, streamlit")
    assert lines[place + 1] == "      Fix: write gradio"
    assert ended.exit_code == 1
    assert ended.stderr.endswith("1 warn, 1 fail\n")


def test_a_pipe_gets_a_line_a_check(space: Path) -> None:
    rows = [line.split("\t") for line in validate(space).stdout.splitlines()]
    assert {len(row) for row in rows} == {5}
    assert [row[:3] for row in rows if row[1] != "ok"] == [["share", "warn", "app.py:2"]]


def test_without_a_folder_it_is_the_current_one(space: Path) -> None:
    assert hfsr("validate", "--format", "quiet", directory=space).stdout == "warn\n"


def test_what_is_no_folder_is_a_fault_of_the_call(tmp_path: Path) -> None:
    ended = hfsr("validate", "user/name", directory=tmp_path)
    assert ended.exit_code == 2
    assert "it is no folder that can be looked into" in ended.stderr
    assert "hf download USER/NAME --repo-type space" in ended.stderr


def test_nothing_of_it_is_run(space: Path) -> None:
    (space / "app.py").write_text("open('ran', 'w')\n")
    (space / "sitecustomize.py").write_text("open('ran', 'w')\n")
    assert hfsr("validate", directory=space).exit_code == 0
    assert not (space / "ran").exists()
