"""`hfsr dev` where no engine is needed: what cannot be worked on, and says so."""

import re
from pathlib import Path

import pytest

from tests.engine.command_line import hfsr

NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere.sock"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "my space"
    folder.mkdir()
    (folder / "README.md").write_text("---\nsdk: docker\n---\n")
    (folder / "Dockerfile").write_text("FROM debian:12\nCMD true\n")
    return folder


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (["./nowhere"], 3, "./nowhere: there is no such folder"),
        (["./my space/README.md"], 3, "is a file, and a Space is a folder"),
        (["."], 3, "has no README.md"),
        (["user/name"], 2, "is a Space of the registry, and hfsr dev works on a folder.*name a folder that holds"),
        (["vader-sentiment"], 2, r"hfsr dev works on a folder.*cp -r .*vader-sentiment my-space; hfsr dev ./my-space"),
        (["nobody-knows-this"], 3, "nobody-knows-this"),
        (["./my space", "--privacy-mode"], 2, "in privacy mode nobody keeps that"),
        (["./my space", "--port", "70000"], 2, "70000"),
        (["./my space", "--secret", "NOT_SET"], 2, "NOT_SET"),
        (["./my space", "--env-file", "nowhere.env"], 2, "nowhere.env"),
        ([], 2, "FOLDER"),
        (["./my space"], 4, ""),
    ],
)
@pytest.mark.usefixtures("folder")
def test_what_cannot_be_worked_on(tmp_path: Path, words: list[str], exit_code: int, said: str) -> None:
    ended = hfsr("dev", *words, directory=tmp_path, environment=NO_ENGINE)
    assert ended.exit_code == exit_code, ended.stderr
    assert re.search(said, ended.stderr, re.DOTALL), ended.stderr
    assert ended.stdout == ""


def test_a_failure_as_json_is_one_object(tmp_path: Path) -> None:
    ended = hfsr("dev", "./nowhere", "--json", directory=tmp_path, environment=NO_ENGINE)
    assert (ended.json["status"], ended.json["verdict"], ended.json["exit_code"]) == ("failed", "unknown_space", 3)
