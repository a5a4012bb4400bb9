"""The set-up behind the Makefile, and that a session which leaves containers behind fails."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import docker
import pytest
from docker.models.images import Image

CHECKOUT = Path(__file__).parents[2]
TARGETS = ("help", "install", "demo", "test", "lint", "fix", "bench", "clean")

pytest_plugins = ["pytester"]


def run(*command: str, cwd: Path = CHECKOUT, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run `command` to its end, without an answer to any question."""
    return subprocess.run(
        command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


@pytest.fixture
def second_checkout(tmp_path: Path) -> Path:
    """Return a copy of what a checkout has: no .venv, no caches."""
    made = (
        ".git",
        ".venv*",
        "__pycache__",
        ".*_cache",
        ".hypothesis",
        "demo-output",
        "build",
        "dist",
        "bench.json",
        "stress.json",
    )
    return Path(shutil.copytree(CHECKOUT, tmp_path / "second checkout", ignore=shutil.ignore_patterns(*made)))


def test_make_alone_lists_each_target_with_a_line(second_checkout: Path) -> None:
    done = run("make", cwd=second_checkout)
    assert done.returncode == 0
    for target in TARGETS:
        (line,) = [line for line in done.stdout.splitlines() if line.split()[:2] == ["make", target]]
        assert len(line.split()) > 3


@pytest.mark.parametrize("target", TARGETS)
def test_make_knows_how_to_do_each_target_in_any_checkout(second_checkout: Path, target: str) -> None:
    done = run("make", "-n", target, cwd=second_checkout)
    assert done.returncode == 0, done.stderr
    assert str(CHECKOUT) not in done.stdout


def test_clean_removes_what_was_made_and_nothing_else(second_checkout: Path) -> None:
    def files() -> set[Path]:
        return {path for path in second_checkout.rglob("*") if path.is_file()}

    before = files()
    made = [
        ".venv/bin/python",
        ".venv-gradio3/made-from",
        ".mypy_cache/x",
        "demo-output/face.png",
        "tests/unit/__pycache__/x.pyc",
        "bench.json",
    ]
    for name in made:
        (second_checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (second_checkout / name).touch()
    assert run("make", "clean", cwd=second_checkout).returncode == 0
    assert files() == before


def test_the_environment_is_made_once() -> None:
    stamp = CHECKOUT / ".venv/made-from"
    assert run(".setup/venv").returncode == 0  # nothing to do, unless pytest was started without make
    before = stamp.stat().st_mtime_ns
    done = run(".setup/venv")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert stamp.stat().st_mtime_ns == before


def test_no_python_gets_a_sentence(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "dirname", "flock", "env"):
        (tools / name).symlink_to(str(shutil.which(name)))
    old = tools / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = run(str(tools / "bash"), ".setup/venv", env={"PATH": str(tools)})
    assert done.returncode == 2
    assert "no Python 3.11 or later" in done.stderr


def test_an_engine_that_the_user_names_and_that_is_off_is_not_replaced(tmp_path: Path) -> None:
    host = f"unix://{tmp_path}/off.sock"
    done = run(".setup/engine", env={**os.environ, "DOCKER_HOST": host})
    assert done.returncode == 4
    assert host in done.stderr
    assert "unset DOCKER_HOST" in done.stderr
    assert done.stdout == ""


def test_a_docker_context_whose_engine_is_off_is_not_replaced(tmp_path: Path) -> None:
    host = f"unix://{tmp_path}/off.sock"
    configuration = Path(os.environ["DOCKER_CONFIG"])
    (configuration / "config.json").write_text('{"currentContext": "elsewhere"}')
    context = configuration / "contexts/meta" / hashlib.sha256(b"elsewhere").hexdigest()
    context.mkdir(parents=True)
    endpoints = {"docker": {"Host": host, "SkipTLSVerify": False}}
    (context / "meta.json").write_text(json.dumps({"Name": "elsewhere", "Metadata": {}, "Endpoints": endpoints}))
    environment = {name: value for name, value in os.environ.items() if name != "DOCKER_HOST"}
    done = run(".setup/engine", env=environment)
    assert done.returncode == 4
    assert f"docker context elsewhere ({host})" in done.stderr


@pytest.mark.engine
def test_an_engine_that_answers_is_used_as_it_is() -> None:
    first, second = run(".setup/engine"), run(".setup/engine")
    assert first.returncode == second.returncode == 0, first.stderr
    assert second.stdout.startswith("==> engine: ")
    assert len(second.stdout.splitlines()) == 1


@pytest.fixture
def empty_image() -> Iterator[Image]:
    """Return an image with nothing in it: enough for a container that never starts."""
    client = docker.from_env()
    tag = f"hf-spaces-runner-test/empty:{os.getpid()}"
    client.api.import_image_from_data(bytes(10240), repository=tag.partition(":")[0], tag=tag.partition(":")[2])
    yield client.images.get(tag)
    client.images.remove(tag)
    client.close()


@pytest.mark.engine
def test_a_session_that_leaves_a_container_fails(pytester: pytest.Pytester, empty_image: Image) -> None:
    pytester.makeconftest((CHECKOUT / "tests/conftest.py").read_text(encoding="utf-8"))
    pytester.makeini("[pytest]\nmarkers =\n    engine\n    network\n")
    pytester.makepyfile(f"""
        import docker, pytest

        @pytest.mark.engine
        def test_leaves_one():
            client = docker.from_env()
            name = "hfsr-left-{os.getpid()}"
            labels = {{"hf-spaces-runner.test": "left"}}
            client.api.create_container("{empty_image.id}", ["x"], name=name, labels=labels)
            client.close()
    """)
    client = docker.from_env()
    try:
        result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
        result.assert_outcomes(passed=1, errors=1)
        assert f"hfsr-left-{os.getpid()}" in result.stdout.str()
    finally:
        client.api.remove_container(f"hfsr-left-{os.getpid()}", force=True)
        client.close()
