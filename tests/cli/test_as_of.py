"""--as-of as a user types it: what a build would do, and what is refused before an engine is asked for anything."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.engine.command_line import hfsr

NO_ENGINE = {"DOCKER_HOST": "unix:///nonexistent.sock"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "old space"
    folder.mkdir()
    (folder / "README.md").write_text("---\nsdk: gradio\nsdk_version: 3.41.2\n---\n")
    (folder / "app.py").write_text("import gradio\n")
    return folder


def committed(folder: Path) -> None:
    environment = {**os.environ, "GIT_COMMITTER_DATE": "2023-07-01T12:00:00Z"}
    for words in (("init", "-q"), ("-c", "user.name=x", "-c", "user.email=x", "commit", "-q", "--allow-empty", "-mx")):
        subprocess.run(["git", "-C", str(folder), *words], check=True, env=environment)


@pytest.mark.engine
@pytest.mark.parametrize("word", ["commit", "2023-07-01", "2023-07-02T00:00Z", "2023-07-02T02:00+02:00"])
def test_a_dry_run_shows_the_day(folder: Path, word: str) -> None:
    committed(folder)
    told = hfsr("build", str(folder), "--dry-run", "--json", "--as-of", word, directory=folder)
    assert "--exclude-newer 2023-07-02T00:00:00Z" in told.json["dockerfile"]
    plain = hfsr("build", str(folder), "--dry-run", "--json", directory=folder)
    assert "--exclude-newer" not in plain.json["dockerfile"]
    assert plain.json["image"] != told.json["image"]


@pytest.mark.parametrize("command", ["build", "run", "up", "dev"])
@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("soon", "--as-of soon: is no date"),
        ("2999-01-01", "--as-of 2999-01-01: lies in the future"),
        ("1990-01-01", "there was no package index"),
    ],
)
def test_what_is_no_day_is_refused(folder: Path, command: str, word: str, said: str) -> None:
    ended = hfsr(command, str(folder), "--as-of", word, directory=folder, environment=NO_ENGINE)
    assert ended.exit_code == 2
    assert said in ended.stderr


@pytest.mark.engine
def test_the_last_commit_of_what_is_no_checkout(folder: Path) -> None:
    ended = hfsr("run", str(folder), "x", "--as-of", "commit", directory=folder)
    assert ended.exit_code == 2
    assert "no commit is found in" in ended.stderr
    assert "--as-of 2024-05-01" in ended.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("up", "color-palette"), "the SDK of color-palette is static"),
        (("build", "color-palette"), "the SDK of color-palette is static"),
        (("build", "prompt-optimizer"), "the SDK of prompt-optimizer is docker"),
        (("up", "registry.example/x/y:1"), "is pulled as it is"),
    ],
)
def test_where_it_cannot_count(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    ended = hfsr(*words, "--as-of", "2024-05-01", directory=tmp_path, environment=NO_ENGINE)
    assert ended.exit_code == 2, ended.stderr
    assert said in ended.stderr
