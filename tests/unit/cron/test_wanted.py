import os
import pwd
import sys
from pathlib import Path

import pytest

from hf_spaces_runner.cron.wanted import wanted_line
from hf_spaces_runner.domain.settings import DESCRIPTIONS
from hf_spaces_runner.errors import RunnerError
from hf_spaces_runner.planning.crontab import MARKER
from hf_spaces_runner.settings import Places

HOME = {"HOME": pwd.getpwuid(os.getuid()).pw_dir}
END = f"-P -m hf_spaces_runner cron fire --older-than 7d {MARKER}"


def line(environment: dict[str, str]) -> str:
    """Return the entry for `environment`, without the schedule."""
    wanted = wanted_line(environment, Places.of(environment), "@daily", ("--older-than", "7d"))
    return wanted.removeprefix("@daily ")


def test_where_nothing_is_set_nothing_is_carried() -> None:
    noise = {"PATH": "/x", "LANG": "de_DE", "HFSR_MEMORY": "4g", "HF_TOKEN": "secret", "DOCKER_HOST": ""}
    assert line({**HOME, **noise}) == f"{sys.executable} {END}"


def test_the_engine_and_the_state_are_found_by_absolute_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    environment = {
        **HOME,
        "HFSR_HOME": "my home",
        "XDG_STATE_HOME": "/not/used",
        "DOCKER_HOST": "unix:///run/user/1000/docker.sock",
        "DOCKER_CONFIG": "docker",
    }
    assert line(environment) == (
        f"/usr/bin/env DOCKER_CONFIG={tmp_path}/docker DOCKER_HOST=unix:///run/user/1000/docker.sock"
        f" 'HFSR_HOME={tmp_path}/my home' {sys.executable} {END}"
    )


def test_without_a_home_of_ours_the_platforms_folders_are_carried() -> None:
    environment = {**HOME, "XDG_STATE_HOME": "/s", "XDG_CACHE_HOME": "/c", "DOCKER_CONTEXT": "mine"}
    assert line(environment).startswith("/usr/bin/env DOCKER_CONTEXT=mine XDG_CACHE_HOME=/c XDG_STATE_HOME=/s ")


@pytest.mark.parametrize("name", ["cache_quota", "images_older_than"])
def test_what_is_set_for_clean_ups_is_carried(name: str) -> None:
    assert name in DESCRIPTIONS
    variable = f"HFSR_{name.upper()}"
    assert line({**HOME, variable: "30d"}).startswith(f"/usr/bin/env {variable}=30d ")


def test_a_home_that_cron_would_not_set_is_carried() -> None:
    assert line({"HOME": "/somebody/elses"}).startswith("/usr/bin/env HOME=/somebody/elses ")


def test_a_python_without_a_path_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "")
    with pytest.raises(RunnerError, match="does not know its own path"):
        line(HOME)
