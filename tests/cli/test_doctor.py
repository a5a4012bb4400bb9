from pathlib import Path
from typing import Any

import pytest

from tests.engine.command_line import BUNDLED, Ended, hfsr

NO_ENGINE = {"DOCKER_HOST": "unix:///nonexistent/docker.sock", "HFSR_IMAGE_REGISTRY": "127.0.0.1:1"}
WITHOUT_AN_ENGINE = [
    "hfsr",
    "settings",
    "registry",
    "ca_bundle",
    "state_folder",
    "cache_folder",
    "engine",
    "image_registry",
    "login",
]


def doctor(*arguments: str, directory: Path, **environment: str) -> Ended:
    return hfsr("doctor", *arguments, directory=directory, environment={**NO_ENGINE, **environment})


def checks(ended: Ended) -> dict[str, dict[str, Any]]:
    return {check["name"]: check for check in ended.json["checks"]}


def test_without_an_engine_it_fails_and_says_all_the_same_what_else_is_wrong(tmp_path: Path) -> None:
    ended = doctor("--json", directory=tmp_path)
    assert (ended.exit_code, ended.json["status"]) == (1, "fail")
    assert list(checks(ended)) == WITHOUT_AN_ENGINE
    assert all(set(check) == {"name", "status", "message", "fix"} for check in ended.json["checks"])
    engine = checks(ended)["engine"]
    assert engine["status"] == "fail"
    assert "unix:///nonexistent/docker.sock" in engine["message"]
    assert "DOCKER_HOST" in engine["fix"]
    closed = checks(ended)["image_registry"]
    assert closed["status"] == "warn"
    assert "127.0.0.1:1 cannot be reached from here: Connection refused" in closed["message"]
    assert "image_registry" in closed["fix"]
    assert {
        name: check["status"] for name, check in checks(ended).items() if name in {"hfsr", "registry", "login"}
    } == {
        "hfsr": "ok",
        "registry": "ok",
        "login": "ok",
    }


def test_a_pipe_gets_a_line_a_check(tmp_path: Path) -> None:
    ended = doctor(directory=tmp_path)
    rows = [line.split("\t") for line in ended.stdout.splitlines()]
    assert [row[0] for row in rows] == WITHOUT_AN_ENGINE
    assert {len(row) for row in rows} == {4}
    assert {row[1] for row in rows} == {"ok", "warn", "fail"}
    assert all(bool(row[3]) == (row[1] != "ok") for row in rows)
    counted = {status: sum(row[1] == status for row in rows) for status in ("ok", "warn", "fail")}
    assert ended.stderr == ", ".join(f"{count} {status}" for status, count in counted.items()) + "\n"
    assert ended.exit_code == 1


def test_people_get_the_fix_beneath(tmp_path: Path) -> None:
    ended = doctor("--format", "human", directory=tmp_path, NO_COLOR="1")
    lines = ended.stdout.splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("fail  engine: "))
    assert lines[place + 1].startswith("      Fix: start the engine")
    assert any(line.startswith(f"ok    registry: {len(BUNDLED)} Spaces") for line in lines)
    assert any(line.startswith("warn  image registry: ") for line in lines)


def test_quiet_is_one_word(tmp_path: Path) -> None:
    ended = doctor("--format", "quiet", directory=tmp_path)
    assert (ended.stdout, ended.stderr, ended.exit_code) == ("fail\n", "", 1)


def test_wrong_settings_are_a_line_and_end_nothing(tmp_path: Path) -> None:
    ended = doctor("--json", directory=tmp_path, HFSR_MEMROY="2g")
    assert ended.exit_code == 1
    settings = checks(ended)["settings"]
    assert settings["status"] == "fail"
    assert "HFSR_MEMROY (environment) is not a setting; did you mean memory?" in settings["message"]
    assert "hfsr config" in settings["fix"]
    assert "engine" in checks(ended)


def test_a_fault_in_the_registry_is_a_line_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("spaces:\n  a:\n    id: a\n")
    ended = doctor("--json", directory=tmp_path, HFSR_REGISTRY=str(tmp_path / "own.yaml"))
    assert checks(ended)["registry"]["status"] == "warn"
    assert f"{tmp_path}/own.yaml:3:5" in checks(ended)["registry"]["message"]


@pytest.mark.parametrize("home", ["file", "file/below"])
def test_a_home_in_which_nothing_can_be_kept(tmp_path: Path, home: str) -> None:
    (tmp_path / "file").touch()
    ended = doctor("--json", directory=tmp_path, HFSR_HOME=str(tmp_path / home))
    for name in ("state_folder", "cache_folder"):
        check = checks(ended)[name]
        assert (check["status"], "HFSR_HOME" in check["fix"]) == ("fail", True)
        assert f"{tmp_path}/file is not a folder" in check["message"]


def test_an_address_that_is_none_is_no_engine(tmp_path: Path) -> None:
    ended = doctor("--json", directory=tmp_path, DOCKER_HOST="nonsense://x")
    assert (ended.exit_code, checks(ended)["engine"]["status"]) == (1, "fail")
