"""`--from-hub` names the source of a Space on the Hub to each command that takes a Space; no engine is asked."""

from pathlib import Path

import pytest

from tests.engine.command_line import hfsr
from tests.fakes.hub_repository import HubRepository
from tests.fakes.hub_server import HubServer

pytestmark = pytest.mark.network

README = b"---\nsdk: static\ntitle: Tiny\n---\n"


@pytest.fixture(autouse=True)
def repository(hub_server: HubServer) -> HubRepository:
    repository = hub_server.repositories["you/tiny"] = HubRepository("you/tiny")
    repository.commit({"README.md": README, "index.html": b"<p>hello</p>"})
    return repository


def test_info_shows_the_commit_and_asks_for_it_once_only(
    tmp_path: Path, hub_server: HubServer, repository: HubRepository, online: dict[str, str]
) -> None:
    sha = repository.branches["main"]
    first = hfsr("info", "--from-hub", "you/tiny", "--json", directory=tmp_path, environment=online)
    assert first.exit_code == 0, first.stderr
    assert first.json["commit"] == {"sha": sha, "revision": "main", "committed_at": 1709287200.0}
    assert (first.json["origin"], first.json["status"], first.json["space_id"]) == ("hub", "unverified", "you/tiny")
    assert first.json["command"] == f"hfsr up hub:you/tiny@{sha} --open"
    assert sum("/tree/" in path for path in hub_server.paths) == 1

    hub_server.requests.clear()
    shown = hfsr("info", f"hub:you/tiny@{sha}", directory=tmp_path, environment=online)
    assert f"commit        {sha}, of 2024-03-01" in shown.stdout
    assert hub_server.paths == []


def test_privacy_and_pull_never_ask_nobody(tmp_path: Path, hub_server: HubServer, online: dict[str, str]) -> None:
    for words in (("--privacy-mode",), ("--pull", "never")):
        ended = hfsr("info", "--from-hub", "you/tiny", *words, directory=tmp_path, environment=online)
        assert (ended.exit_code, "is not here" in ended.stderr) == (3, True)
        assert "hfsr pull --from-hub you/tiny@main" in ended.stderr
    ended = hfsr("info", "--from-hub", "you/tiny", directory=tmp_path, environment={**online, "HF_HUB_OFFLINE": "1"})
    assert ended.exit_code == 3
    assert hub_server.paths == []


def test_validate_checks_what_was_fetched(tmp_path: Path, repository: HubRepository, online: dict[str, str]) -> None:
    good = hfsr("validate", "--from-hub", "you/tiny", "--json", directory=tmp_path, environment=online)
    assert good.exit_code == 0, good.stdout
    repository.commit({"README.md": b"---\nsdk: thing\n---\n", "index.html": b""}, branch="bad")
    bad = hfsr("validate", "--from-hub", "you/tiny@bad", "--json", directory=tmp_path, environment=online)
    assert (bad.exit_code, bad.json["status"]) == (1, "fail")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("info", "--from-hub", "you"), "you: is no id of a Space on the Hub"),
        (("build", "--from-hub", "you/tiny@"), "no revision stands behind the @"),
        (("up", "thing", "--from-hub", "you/tiny"), "one Space at a time"),
        (("run", "hello", "--hf-space", "thing", "--from-hub", "you/tiny"), "one Space at a time"),
        (("batch", "x.csv", "--hf-space", "thing", "--from-hub", "you/tiny"), "one Space at a time"),
        (("validate", ".", "--from-hub", "you/tiny"), "one Space at a time"),
        (("pull",), "Missing argument 'SPACE'"),
        (("build",), "Missing argument 'FOLDER'"),
        (("registry", "add", "hub:you/tiny"), "cannot be built from the Hub"),
    ],
)
def test_bad_words(tmp_path: Path, online: dict[str, str], words: tuple[str, ...], message: str) -> None:
    ended = hfsr(*words, directory=tmp_path, environment=online)
    assert ended.exit_code == 2
    assert message in ended.stderr
    assert "Hint: " in ended.stderr


def test_the_option_works_without_the_word_run(tmp_path: Path, online: dict[str, str]) -> None:
    ended = hfsr("hello", "--from-hub", "you/none", directory=tmp_path, environment=online)
    assert (ended.exit_code, "the Hub has no Space you/none" in ended.stderr) == (3, True)


def test_a_source_that_is_no_space(tmp_path: Path, repository: HubRepository, online: dict[str, str]) -> None:
    repository.commit({"app.py": b""})
    ended = hfsr("info", "--from-hub", "you/tiny", directory=tmp_path, environment=online)
    assert ended.exit_code == 3
    assert "has no README.md" in ended.stderr
