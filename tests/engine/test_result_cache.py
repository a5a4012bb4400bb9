"""An answer to the very same call is given again without a container, unless it might be another one the next time."""

import json
import os
from pathlib import Path

import docker
import pytest

from tests.engine.command_line import Ended, hfsr
from tests.engine.images import script_image

pytestmark = pytest.mark.engine

ECHO = Path(__file__).with_name("echo_space.py").read_text(encoding="utf-8")
CLOCK = ECHO.replace('"data": [said]', '"data": [f"{said} {time.time_ns()}"]')
CHAT = CLOCK.replace('"echo"', '"chat"').replace('"/echo"', '"/chat"')


@pytest.fixture(scope="module")
def clock(docker_client: docker.DockerClient, base_image: str) -> str:
    """Return the image of a Space that never answers the same twice."""
    assert CLOCK != ECHO
    return script_image(docker_client, "cache-clock", CLOCK, base=base_image)


@pytest.fixture(scope="module")
def chat(docker_client: docker.DockerClient, base_image: str) -> str:
    """Return the image of one whose endpoint chats."""
    return script_image(docker_client, "cache-chat", CHAT, base=base_image)


def run(image: str, directory: Path, *options: str, prompt: str = "hello", **environment: str) -> Ended:
    ended = hfsr(
        *("run", prompt, "--hf-space", image, "--pull", "never", "--json", *options),
        directory=directory,
        environment=environment,
    )
    assert ended.exit_code == 0, ended.stderr
    return ended


def kept() -> list[Path]:
    return list(Path(os.environ["HFSR_HOME"], "cache", "results").glob("answers/*/*"))


def test_the_same_call_is_answered_again_without_a_container(clock: str, tmp_path: Path) -> None:
    first, second = run(clock, tmp_path), run(clock, tmp_path)
    assert (first.json["cached"], second.json["cached"]) == (False, True)
    assert first.json["text"] == second.json["text"]
    assert second.json["image_digest"] == first.json["image_digest"]
    (attempt,) = second.json["attempts"]
    assert (attempt["cached"], attempt["timings"]["start_s"], attempt["timings"]["call_s"]) == (True, 0.0, 0.0)
    assert "answered the same call" in second.stderr
    assert hfsr("stats", "--json", directory=tmp_path).json["runs"] == 1


@pytest.mark.parametrize("option", ["--no-cache", "--fresh", "--keep"])
def test_who_wants_it_asks_again(clock: str, tmp_path: Path, option: str) -> None:
    first, second = run(clock, tmp_path), run(clock, tmp_path, option)
    try:
        assert second.json["text"] != first.json["text"]
        assert second.json["cached"] is False
    finally:
        if second.json["container"]:
            assert hfsr("stop", second.json["container"], directory=tmp_path).exit_code == 0


def test_another_call_is_another_answer(clock: str, tmp_path: Path) -> None:
    answers = {
        run(clock, tmp_path).json["text"],
        run(clock, tmp_path, prompt="hi").json["text"],
        run(clock, tmp_path, "-e", "MOOD=good").json["text"],
        run(clock, tmp_path, "--network", "isolated").json["text"],
    }
    assert len(answers) == 4
    assert len([file for file in kept() if file.name == "answer.json"]) == 4


def test_by_setting_nothing_is_kept_and_nothing_found(clock: str, tmp_path: Path) -> None:
    first, second = run(clock, tmp_path, HFSR_CACHE="false"), run(clock, tmp_path)
    assert first.json["text"] != second.json["text"]
    assert run(clock, tmp_path, HFSR_CACHE="no").json["cached"] is False
    assert run(clock, tmp_path, "--cache", HFSR_CACHE="no").json["text"] == second.json["text"]


def test_in_privacy_nothing_is_kept_and_nothing_found(clock: str, tmp_path: Path) -> None:
    first = run(clock, tmp_path, "--privacy-mode", "--cache")
    assert kept() == []
    run(clock, tmp_path)
    second = run(clock, tmp_path, "--privacy-mode", "--cache")
    assert (second.json["cached"], second.json["text"] == first.json["text"]) == (False, False)


def test_what_chats_is_asked_again_unless_its_old_answer_will_do(chat: str, tmp_path: Path) -> None:
    first, second = run(chat, tmp_path, "--explain"), run(chat, tmp_path)
    assert first.json["text"] != second.json["text"]
    assert "the answer is not kept: it chats, and has no seed" in first.stderr
    third, fourth = run(chat, tmp_path, "--cache"), run(chat, tmp_path, "--cache")
    assert third.json["text"] == fourth.json["text"]
    assert run(chat, tmp_path).json["cached"] is False


def test_an_address_is_asked_again_since_what_is_there_may_change(clock: str, tmp_path: Path) -> None:
    first, second = (run(clock, tmp_path, prompt="http://127.0.0.1/a.txt") for _ in range(2))
    assert first.json["text"] != second.json["text"]


def test_a_clean_up_takes_them(clock: str, tmp_path: Path) -> None:
    run(clock, tmp_path)
    planned = hfsr("cleanup", "--older-than", "0", "--dry-run", "--json", directory=tmp_path).json["planned"]
    (answers,) = [item for item in planned if item["kind"] == "kept answers"]
    assert answers["bytes"] > 0
    assert kept()
    assert hfsr("cleanup", "--older-than", "1h", directory=tmp_path).exit_code == 0
    assert run(clock, tmp_path).json["cached"] is True
    # Not `--older-than 0` for real: it would take what other tests on this engine have made.
    assert run(clock, tmp_path, HFSR_CACHE_MAX_AGE="1ms").json["cached"] is False


def test_a_result_is_kept_beside_its_files(clock: str, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    shown = run(clock, tmp_path, "-o", str(folder)).json
    assert json.loads((folder / "result.json").read_text("utf-8")) == shown
    again = run(clock, tmp_path, "-o", str(folder)).json
    assert json.loads((folder / "result-2.json").read_text("utf-8")) == again
    assert json.loads((folder / "result.json").read_text("utf-8")) == shown
