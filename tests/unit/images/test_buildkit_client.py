"""Which docker program can talk to BuildKit: real little programs that say what those of Docker and Podman say."""

import os
from pathlib import Path

import pytest

from hf_spaces_runner.images.buildkit_client import clean_environment, find_program


def program(folder: Path, version: str, buildx: int = 1) -> Path:
    folder.mkdir()
    path = folder / "docker"
    path.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && echo "{version}" && exit 0\n[ "$1" = buildx ] && exit {buildx}\n'
    )
    path.chmod(0o755)
    return path


OLD = "Docker version 20.10.24+dfsg1, build 297e128"
NEW = "Docker version 28.2.2, build e6534b4"


def test_the_first_that_can(tmp_path: Path) -> None:
    program(tmp_path / "plain", NEW)
    program(tmp_path / "podman", "podman version 4.3.1", buildx=0)
    program(tmp_path / "ancient", "Docker version 17.05.0-ce, build 89658be")
    old = program(tmp_path / "old", OLD)
    new = program(tmp_path / "new", NEW, buildx=0)
    names = ("missing", "plain", "podman", "ancient", "old", "new")
    folders = [str(tmp_path / name) for name in names]
    assert find_program(os.pathsep.join(folders)) == old
    assert find_program(os.pathsep.join(folders[:4])) is None
    assert find_program(os.pathsep.join([folders[1], folders[5], folders[4]])) == new
    assert find_program("") is None


def test_it_learns_nothing_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:password@proxy")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "config"))
    plugin = tmp_path / "config/cli-plugins/docker-buildx"
    plugin.parent.mkdir(parents=True)
    plugin.touch()
    (tmp_path / "config/config.json").write_text('{"proxies": {}}')
    home = tmp_path / "home"
    home.mkdir()
    environment = clean_environment(home)
    assert environment.keys() == {"PATH", "HOME", "DOCKER_CONFIG", "DOCKER_BUILDKIT", "BUILDX_NO_DEFAULT_ATTESTATIONS"}
    assert environment["HOME"] == environment["DOCKER_CONFIG"] == str(home)
    assert [str(path.relative_to(home)) for path in home.rglob("*")] == ["cli-plugins", "cli-plugins/docker-buildx"]
    assert (home / "cli-plugins/docker-buildx").resolve() == plugin
