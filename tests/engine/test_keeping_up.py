"""A Space that stays up: found, used, watched over, ended; and its slot, through the real command line."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import psutil
import pytest

from tests.engine.command_line import HFSR, NO_MODEL_CACHE, Ended, hfsr, our_containers, scratch_folders
from tests.engine.images import script_image

pytestmark = pytest.mark.engine

SPACE = "hfsr-test-stays"
ECHO = Path(__file__).with_name("echo_space.py")


@pytest.fixture(scope="module")
def image(docker_client: docker.DockerClient, base_image: str) -> str:
    return script_image(docker_client, "stays", ECHO.read_text(encoding="utf-8"), base=base_image)


class Commands:
    """Commands of ours about the small Space, in one folder."""

    def __init__(self, image: str, folder: Path) -> None:
        self.image = image
        self.folder = folder

    def hfsr(self, *words: str, **environment: str) -> Ended:
        return hfsr(*words, directory=self.folder, environment=environment)

    def up(self, *words: str, **environment: str) -> dict[str, Any]:
        ended = self.hfsr("up", self.image, "--pull", "never", "--json", *words, **environment)
        assert ended.exit_code == 0, ended.stderr
        return ended.json

    def run(self, text: str, *words: str, **environment: str) -> Ended:
        return self.hfsr("run", text, "--hf-space", self.image, "--pull", "never", *words, **environment)

    def start(self, *words: str, **environment: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [*HFSR, *words, "--pull", "never"],
            cwd=self.folder,
            env={**os.environ, **NO_MODEL_CACHE, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def commands(image: str, tmp_path: Path, docker_client: docker.DockerClient) -> Iterator[Commands]:
    yield Commands(image, tmp_path)
    for name in our_containers(docker_client, SPACE):
        docker_client.api.remove_container(name, force=True, v=True)


def until(reached: Callable[[], bool], longest_s: float = 60) -> None:
    end = time.monotonic() + longest_s
    while not reached():
        assert time.monotonic() < end, "what was waited for never came"
        time.sleep(0.05)


def keepers(container_id: str | None) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.cmdline()[-2:] == ["keep", container_id]:
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_up_prints_where_it_is_and_run_uses_it_until_it_is_stopped(
    commands: Commands, docker_client: docker.DockerClient
) -> None:
    up = commands.up()
    assert (up["space"], up["was_up"], up["stops_at"], up["idle_stop_s"]) == (SPACE, False, None, None)
    assert up["url"] == f"http://127.0.0.1:{up['port']}"
    assert our_containers(docker_client, SPACE) == [up["container"]]
    again = commands.up()
    assert (again["container"], again["was_up"]) == (up["container"], True)
    used = commands.run("hello", "-v")
    assert (used.exit_code, used.stdout) == (0, "hello\n")
    assert f"{up['container']} is up" in used.stderr
    assert our_containers(docker_client, SPACE) == [up["container"]]
    for own in (["--fresh"], ["-e", "A=1"], ["--memory", "3g"]):
        fresh = commands.run("hello", "-v", *own)
        assert (fresh.exit_code, fresh.stdout) == (0, "hello\n"), fresh.stderr
        assert "starting" in fresh.stderr
    (listed,) = [item for item in commands.hfsr("ps", "--json").json["spaces"] if item["container"] == up["container"]]
    assert (listed["state"], listed["url"], listed["command"]) == ("up", up["url"], "hfsr up")
    assert 0 < listed["memory_bytes"] <= listed["peak_memory_bytes"] < listed["memory_cap_bytes"] == 2 * 1024**3
    assert commands.hfsr("logs", SPACE).stdout == "listening\n"
    assert commands.hfsr("logs", up["container"], "--json").json == {"lines": ["listening"]}
    assert commands.hfsr("stop", commands.image).stdout == f"{up['container']}\n"
    assert our_containers(docker_client, SPACE) == []
    missing = commands.hfsr("stop", SPACE)
    assert (missing.exit_code, "is not up" in missing.stderr) == (2, True)


def test_a_port_that_is_asked_for_is_given_and_a_taken_one_named(
    commands: Commands, docker_client: docker.DockerClient
) -> None:
    port = commands.up()["port"]
    assert commands.up("--port", str(port))["was_up"]
    taken = commands.hfsr("up", commands.image, "--pull", "never", "--fresh", "--port", str(port), "--json")
    assert (taken.exit_code, taken.json["verdict"]) == (11, "port_taken")
    assert len(our_containers(docker_client, SPACE)) == 1
    assert commands.hfsr("stop", "--all").exit_code == 0
    assert commands.up("--port", str(port))["port"] == port


def test_logs_are_followed_until_the_space_ends_and_hide_its_secrets(commands: Commands) -> None:
    up = commands.up("--secret", "WORD", "-e", "SLEEP_S=0", WORD="listening")
    following = subprocess.Popen(
        [*HFSR, "logs", "-f", up["container"]], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    time.sleep(1)
    commands.hfsr("stop", up["container"])
    said, complained = following.communicate(timeout=60)
    assert (following.returncode, said) == (0, "***\n"), complained


def test_one_that_died_is_shown_and_another_takes_its_place(
    commands: Commands, docker_client: docker.DockerClient
) -> None:
    up = commands.up()
    docker_client.api.kill(up["container"])
    until(lambda: [item["state"] for item in commands.hfsr("ps", "--json").json["spaces"]].count("ended") > 0)
    assert commands.hfsr("logs", up["container"]).stdout == "listening\n"
    assert commands.run("hello").stdout == "hello\n"
    assert up["container"] in commands.hfsr("cleanup", "--older-than", "0", "--dry-run").stdout
    assert commands.hfsr("stop", up["container"]).exit_code == 0
    assert our_containers(docker_client, SPACE) == []


@pytest.mark.parametrize("option", ["--ttl", "--idle-stop"])
def test_its_time_is_ended_by_a_process_that_ends_as_well(
    commands: Commands, docker_client: docker.DockerClient, option: str
) -> None:
    up = commands.up(option, "5s")
    container_id = docker_client.containers.get(up["container"]).id
    assert len(keepers(container_id)) == 1
    until(lambda: our_containers(docker_client, SPACE) == [])
    until(lambda: keepers(container_id) == [])


def test_one_that_is_used_is_not_idle(commands: Commands, docker_client: docker.DockerClient) -> None:
    commands.up("--idle-stop", "4s")
    for _ in range(6):
        time.sleep(1.2)
        assert commands.run("hello", "-v").stdout == "hello\n"
        assert len(our_containers(docker_client, SPACE)) == 1
    until(lambda: our_containers(docker_client, SPACE) == [])


def test_past_its_time_the_next_command_ends_it_where_nobody_else_did(
    commands: Commands, docker_client: docker.DockerClient
) -> None:
    up = commands.up("--ttl", "4s")
    (keeper,) = keepers(docker_client.containers.get(up["container"]).id)
    keeper.kill()
    time.sleep(4)
    assert our_containers(docker_client, SPACE) == [up["container"]]
    commands.hfsr("ps")
    assert our_containers(docker_client, SPACE) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_up_that_is_ended_before_it_is_ready_leaves_nothing(
    commands: Commands, docker_client: docker.DockerClient, number: signal.Signals
) -> None:
    process = commands.start("up", commands.image, "-e", "SLEEP_S=60")
    until(lambda: our_containers(docker_client, SPACE) != [])
    time.sleep(0.5)
    process.send_signal(number)
    process.communicate(timeout=60)
    if number is signal.SIGKILL:
        commands.hfsr("list", "--format", "quiet")
    assert our_containers(docker_client, SPACE) == []
    assert scratch_folders(Path(os.environ["HFSR_HOME"])) == []


def test_up_that_never_gets_ready_leaves_nothing(commands: Commands, docker_client: docker.DockerClient) -> None:
    ended = commands.hfsr(
        "up", commands.image, "--pull", "never", "-e", "SLEEP_S=60", "--startup-timeout", "3s", "--json"
    )
    assert (ended.exit_code, ended.json["verdict"]) == (12, "nothing_listens")
    assert our_containers(docker_client, SPACE) == []


def test_a_space_that_is_up_holds_a_slot_and_who_waits_is_told(commands: Commands) -> None:
    commands.up()
    waited = commands.run("hello", "--fresh", "--slot-timeout", "2s", "--json", HFSR_MAX_RUNNING="1")
    assert (waited.exit_code, waited.json["verdict"]) == (5, "no_slot")
    assert f"{SPACE} (hfsr up by" in waited.json["error"]
    assert "Waiting for a slot" in waited.stderr


def test_memory_is_promised_once(commands: Commands, docker_client: docker.DockerClient) -> None:
    budget = {"HFSR_MEMORY_BUDGET": "700m"}
    never = commands.run("hello", "--memory", "1g", "--json", **budget)
    assert (never.exit_code, never.json["verdict"]) == (6, "memory_never_fits")
    assert "1 GiB" in never.json["error"]
    assert "700 MiB" in never.json["error"]
    up = commands.up("--memory", "512m", **budget)
    waiting = commands.start("run", "hello", "--hf-space", commands.image, "--memory", "513m", **budget)
    until(lambda: len(our_containers(docker_client, SPACE)) == 2)
    time.sleep(0.5)
    assert commands.hfsr("stop", up["container"]).exit_code == 0
    said, complained = waiting.communicate(timeout=60)
    assert (waiting.returncode, said) == (0, "hello\n"), complained
    assert "512 MiB of 700 MiB are promised" in complained


def test_who_came_first_goes_first_and_one_that_stopped_is_passed_over(commands: Commands, tmp_path: Path) -> None:
    one = {"HFSR_MAX_RUNNING": "1"}
    up = commands.up(**one)
    waiting = []
    for number in range(3):
        # As another user's would be: with a home of its own.
        home = {"HFSR_HOME": str(tmp_path / f"home-{number}")}
        waiting.append(
            commands.start("run", str(number), "--hf-space", commands.image, "--fresh", "--json", **one, **home)
        )
        time.sleep(0.8)
    waiting[0].send_signal(signal.SIGSTOP)
    waiting[1].send_signal(signal.SIGKILL)
    commands.hfsr("stop", up["container"])
    said, complained = waiting[2].communicate(timeout=60)
    assert waiting[2].returncode == 0, complained
    assert '"text": "2"' in said
    waiting[0].send_signal(signal.SIGCONT)
    said, complained = waiting[0].communicate(timeout=60)
    assert waiting[0].returncode == 0, complained
    waiting[1].communicate()
