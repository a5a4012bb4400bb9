"""A run writes its log where it is told to, and nothing of what went in or came out unless it is asked to."""

import json
from pathlib import Path

import docker
import pytest

from tests.engine.command_line import Ended, hfsr
from tests.engine.images import script_image

pytestmark = pytest.mark.engine

ECHO = Path(__file__).with_name("echo_space.py")


@pytest.fixture(scope="module")
def echo(docker_client: docker.DockerClient, base_image: str) -> str:
    """Return the image of a Space that answers what it is asked."""
    return script_image(docker_client, "log-echo", ECHO.read_text(encoding="utf-8"), base=base_image)


def run(echo: str, directory: Path, *options: str, **environment: str) -> Ended:
    ended = hfsr(
        *("run", "CONFIDENTIAL words", "--hf-space", echo, "--pull", "never", *options),
        directory=directory,
        environment=environment,
    )
    assert (ended.exit_code, ended.stdout) == (0, "CONFIDENTIAL words\n"), ended.stderr
    return ended


def test_what_happened_is_in_the_file_line_by_line(echo: str, tmp_path: Path) -> None:
    file = tmp_path / "hfsr.log"
    run(echo, tmp_path, "--log-file", str(file), "--log-format", "json")
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    said = [line["message"].split(" ", 1)[-1] for line in lines]
    assert [word for word in said if "answered" in word] == ["answered /echo", "answered"]
    assert len({line["run_id"] for line in lines}) == 1
    assert {line["level"] for line in lines} == {"info"}
    assert "CONFIDENTIAL" not in file.read_text("utf-8")


def test_content_and_secrets(echo: str, tmp_path: Path) -> None:
    ended = run(echo, tmp_path, "--log-content", "--no-cache", "--secret", "WORD", WORD="CONFIDENTIAL")
    assert "words" in ended.stderr
    assert "CONFIDENTIAL" not in ended.stderr
    ended = run(echo, tmp_path, "--log-content", "--privacy-mode")
    assert "trying" in ended.stderr
    assert "CONFIDENTIAL" not in ended.stderr


def test_a_failure_is_there_without_its_words(tmp_path: Path) -> None:
    file = tmp_path / "hfsr.log"
    ended = hfsr(
        *("run", "hello", "--hf-space", "localhost/hfsr-test/none:latest", "--pull", "never", "--no-fallback"),
        *("--log-file", str(file)),
        directory=tmp_path,
    )
    assert ended.exit_code != 0
    assert "verdict=image_not_found" in file.read_text("utf-8")
    assert "WARNING" in file.read_text("utf-8")


def test_a_log_that_cannot_be_written_is_said_before_anything_starts(tmp_path: Path) -> None:
    ended = hfsr("run", "x", "--hf-space", "vader-sentiment", "--log-file", "no/such/folder.log", directory=tmp_path)
    assert ended.exit_code == 2
    assert "the log no/such/folder.log cannot be written" in ended.stderr
