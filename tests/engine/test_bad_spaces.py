"""Images that are no Space, and Spaces that fail: each gets its message, its exit code, and leaves nothing behind."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import docker
import pytest

from tests.engine.command_line import HFSR, NO_MODEL_CACHE, Ended, hfsr, our_containers, scratch_folders
from tests.engine.images import script_image

pytestmark = pytest.mark.engine

DIES = "import sys\nprint('loading the model')\nraise ValueError('no weights in \\x1b[31m/models\\x1b[0m')"
SLEEPS = "import time\nprint('hello from a program that serves nothing')\ntime.sleep(600)"
EATS = "print('eating', flush=True)\nheap = []\nwhile True:\n    heap.append(b'x' * 1_000_000)"
SERVES_SOMETHING_ELSE = (
    "from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer\n"
    "ThreadingHTTPServer(('', 7860), SimpleHTTPRequestHandler).serve_forever()"
)


@pytest.fixture
def run_script(docker_client: docker.DockerClient, tmp_path: Path, base_image: str) -> Callable[..., Ended]:
    """Run an image that holds nothing but a script, and check that nothing of it is left."""

    def run(name: str, script: str, *options: str, command: tuple[str, ...] | None = ("python3", "/app.py")) -> Ended:
        image = script_image(docker_client, name, script, base=base_image, command=command)
        ended = hfsr("run", "hello", "--hf-space", image, "--pull", "never", "--json", *options, directory=tmp_path)
        assert our_containers(docker_client, f"hfsr-test-{name}") == []
        assert scratch_folders(Path(os.environ["HFSR_HOME"])) == []
        assert list(tmp_path.iterdir()) == []
        return ended

    return run


def test_one_that_dies_at_once_shows_its_last_words(run_script: Callable[..., Ended]) -> None:
    ended = run_script("dies", DIES)
    assert ended.exit_code == 12
    assert ended.json["verdict"] == "exited_at_start"
    assert "ValueError: no weights in /models" in ended.json["error"]
    assert "loading the model" in ended.stderr
    assert "\x1b" not in ended.stderr
    assert ended.json["attempts"][0]["status"] == "failed"


def test_one_that_never_listens_ends_at_its_timeout(run_script: Callable[..., Ended]) -> None:
    ended = run_script("sleeps", SLEEPS, "--startup-timeout", "3s")
    assert (ended.exit_code, ended.json["verdict"]) == (12, "nothing_listens")
    assert "hello from a program that serves nothing" in ended.stderr
    assert "--startup-timeout" in ended.json["hint"]


def test_one_that_serves_something_else_is_told_apart(run_script: Callable[..., Ended]) -> None:
    ended = run_script("other", SERVES_SOMETHING_ELSE)
    assert (ended.exit_code, ended.json["verdict"]) == (13, "no_api")
    assert "is a web page" in ended.json["error"]


def test_one_that_needs_too_much_memory_is_named(run_script: Callable[..., Ended]) -> None:
    ended = run_script("eats", EATS, "--memory", "64m")
    assert (ended.exit_code, ended.json["verdict"]) == (11, "out_of_memory")
    assert "--memory" in ended.json["hint"]


def test_a_command_that_is_not_there(run_script: Callable[..., Ended]) -> None:
    ended = run_script("nothing", "", command=("/no/such/program",))
    assert (ended.exit_code, ended.json["verdict"]) == (11, "command_not_found")


def test_an_image_that_is_not_here(tmp_path: Path) -> None:
    ended = hfsr(
        "run", "hi", "--hf-space", "localhost/hfsr-test/none:1", "--pull", "never", "--json", directory=tmp_path
    )
    assert (ended.exit_code, ended.json["verdict"]) == (10, "image_not_found")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("waits_for", ["start:", "ready:"])
def test_an_interrupt_leaves_nothing(
    docker_client: docker.DockerClient, tmp_path: Path, base_image: str, waits_for: str, number: signal.Signals
) -> None:
    image = script_image(docker_client, "interrupted", SLEEPS, base=base_image)
    command = [*HFSR, "run", "hi", "--hf-space", image, "--pull", "never", "-v"]
    environment = {**os.environ, **NO_MODEL_CACHE}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith(waits_for):
                break
        process.send_signal(number)
        assert process.wait(timeout=60) == 130
        assert "Interrupted" in process.stderr.read()
    assert our_containers(docker_client, "hfsr-test-interrupted") == []
    assert scratch_folders(Path(os.environ["HFSR_HOME"])) == []


def test_an_engine_that_is_off(tmp_path: Path) -> None:
    ended = hfsr(
        "run",
        "hi",
        "--hf-space",
        "vader-sentiment",
        "--json",
        directory=tmp_path,
        environment={"DOCKER_HOST": f"unix://{tmp_path}/none.sock"},
    )
    assert (ended.exit_code, ended.json["verdict"]) == (4, "engine_unavailable")
    assert ended.json["hint"]


def test_at_most_three_run_at_once(docker_client: docker.DockerClient, tmp_path: Path, base_image: str) -> None:
    image = script_image(docker_client, "crowd", SLEEPS, base=base_image)
    command = [
        *HFSR,
        "run",
        "hi",
        "--hf-space",
        image,
        "--pull",
        "never",
        "--startup-timeout",
        "4s",
        "--slot-timeout",
        "5m",
    ]
    environment = {**os.environ, **NO_MODEL_CACHE}
    crowd = [subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL, env=environment) for _ in range(5)]
    most = 0
    while any(process.poll() is None for process in crowd):
        running = docker_client.containers.list(
            filters={"label": "hf-spaces-runner.space=hfsr-test-crowd"}, ignore_removed=True
        )
        most = max(most, len(running))
        time.sleep(0.05)
    assert most == 3
    assert [process.returncode for process in crowd] == [12] * 5


def test_a_slot_that_never_falls_free_ends_in_its_own_error(
    docker_client: docker.DockerClient, tmp_path: Path, base_image: str
) -> None:
    image = script_image(docker_client, "holder", SLEEPS, base=base_image)
    words = ["run", "hi", "--hf-space", image, "--pull", "never"]
    environment = {**NO_MODEL_CACHE, "HFSR_MAX_RUNNING": "1"}
    with subprocess.Popen(
        [*HFSR, *words, "-v"], cwd=tmp_path, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}
    ) as holder:
        assert holder.stderr is not None
        assert any(line.startswith("ready:") for line in holder.stderr)
        ended = hfsr(*words, "--slot-timeout", "1s", "--json", directory=tmp_path, environment=environment)
        holder.send_signal(signal.SIGINT)
        holder.wait(timeout=60)
    assert (ended.exit_code, ended.json["verdict"]) == (5, "no_slot")
    assert "hfsr-test-holder" in ended.json["error"]
