"""In privacy mode a Space that prints, writes and fails on what it is given leaves nothing of it anywhere."""

import io
import json
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.errors import APIError

from tests.engine.command_line import HFSR, NO_MODEL_CACHE, Ended, hfsr, our_containers, scratch_folders
from tests.engine.puppets import attached_puppet, puppet_image
from tests.engine.traces import idle_volumes, temporary_files, traces, volume_contents

pytestmark = pytest.mark.engine

SPACE = "hfsr-test-private-puppet"
PRINT = "import sys\nprint('{marker} out', flush=True)\nprint('{marker} err', file=sys.stderr, flush=True)\n"
ANSWER = "result = '{marker} answer'\n"
WRITE = """
found = []
for folder in (os.environ["HF_HOME"], os.path.dirname(os.environ["HF_HOME"])):
    try:
        os.makedirs(folder, exist_ok=True)
        with open(f"{folder}/{marker}", "w") as file:
            file.write(marker)
    except OSError as error:
        found.append(error.strerror)
result = found
"""


@pytest.fixture(scope="module")
def image(docker_client: docker.DockerClient, base_image: str) -> str:
    """Build puppets whose health check, were it asked for, would make the engine remember what they did."""
    puppet = puppet_image(docker_client, base_image)
    dockerfile = f"FROM {puppet}\nHEALTHCHECK --interval=1s CMD cat /tmp/done"
    name = "localhost/hfsr-test/private-puppet:latest"
    docker_client.images.build(fileobj=io.BytesIO(dockerfile.encode()), tag=name, rm=True)
    return name


@pytest.fixture
def marker() -> str:
    return f"marker{uuid.uuid4().hex[:12]}"


@pytest.fixture
def no_trace(docker_client: docker.DockerClient, private_home: Path, tmp_path: Path) -> Callable[[str], None]:
    """Return a check that nothing of a marker is left on this machine, and no volume and container on the engine."""
    files, volumes, containers = temporary_files(), idle_volumes(docker_client), our_containers(docker_client, SPACE)

    def check(marker: str) -> None:
        assert traces(marker, private_home, tmp_path, *temporary_files(files)) == []
        assert scratch_folders(Path(os.environ["HFSR_HOME"])) == []
        assert our_containers(docker_client, SPACE) == containers
        assert idle_volumes(docker_client) <= volumes

    return check


@pytest.fixture(scope="module")
def up(image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Have a Space up in privacy, and return what was told of it."""
    with brought_up(image, tmp_path_factory.mktemp("up"), "--privacy-mode") as found:
        yield found


@contextmanager
def brought_up(image: str, directory: Path, *options: str) -> Iterator[dict[str, Any]]:
    environment = {"HFSR_HOME": str(directory / "hfsr")}
    words = ["up", image, "--pull", "never", "--json", *options]
    ended = hfsr(*words, directory=directory, environment=environment)
    assert ended.exit_code == 0, ended.stderr
    try:
        yield ended.json
    finally:
        hfsr("stop", ended.json["container"], directory=directory, environment=environment)


def run(image: str, code: str, directory: Path, *options: str, environment: dict[str, str] | None = None) -> Ended:
    words = ["run", code, "--hf-space", image, "--pull", "never", "--json", *options]
    return hfsr(*words, directory=directory, environment=environment)


@contextmanager
def during_call(image: str, code: str, directory: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Have the call of a run going on during the block, and the run killed after it."""
    words = [*HFSR, "run", code, "--hf-space", image, "--pull", "never", "-v", "--fresh", *options]
    environment = {**os.environ, **NO_MODEL_CACHE}
    with subprocess.Popen(words, cwd=directory, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            assert any(line.startswith("call:") for line in process.stderr)
            yield process
        finally:
            process.send_signal(signal.SIGKILL)


def own_caches(client: docker.DockerClient) -> list[str]:
    """Return the model caches of the Space."""
    return [name for name in idle_volumes(client) if SPACE in name]


def files_of_engine(client: docker.DockerClient, container_id: str) -> Path:
    """Return where the engine keeps what belongs to the container, its log among it."""
    return Path(client.api.info()["DockerRootDir"]) / "containers" / container_id


def wait_until_done(client: docker.DockerClient, container: str, marker: str) -> None:
    """Wait until the Space in the container has noted down `marker`, which is the last that it does."""
    while marker.encode() not in client.containers.get(container).exec_run(["cat", "/tmp/done"]).output:  # noqa: S108
        time.sleep(0.05)


@pytest.mark.parametrize("private", [True, False])
def test_a_killed_run_leaves_nothing_and_what_a_space_prints_is_in_no_log_of_the_engines(
    docker_client: docker.DockerClient,
    image: str,
    marker: str,
    tmp_path: Path,
    no_trace: Callable[[str], None],
    private: bool,
) -> None:
    code = PRINT + "import time\nopen('/tmp/done', 'w').write('{marker}')\ntime.sleep(600)\n"
    options = ["--privacy-mode"] if private else []
    with during_call(image, code.format(marker=marker), tmp_path, *options):
        (name,) = our_containers(docker_client, SPACE)
        wait_until_done(docker_client, name, marker)
        found = docker_client.api.inspect_container(name)
        kept = traces(marker, files_of_engine(docker_client, found["Id"]))
        if private:
            assert found["HostConfig"]["LogConfig"]["Type"] == "none"
            assert found["LogPath"] == ""
            with pytest.raises(APIError, match="does not support reading"):
                docker_client.api.logs(name)
            assert kept == []
        else:  # so it would be found
            assert marker in docker_client.api.logs(name).decode()
            assert [path.name for path in kept] == [Path(found["LogPath"]).name]
        assert marker not in json.dumps(found)
        assert "Health" not in found["State"]
    assert hfsr("ps", directory=tmp_path).exit_code == 0
    no_trace(marker)


def test_nothing_is_left_in_the_model_cache(
    docker_client: docker.DockerClient, image: str, marker: str, tmp_path: Path, no_trace: Callable[[str], None]
) -> None:
    cached, code = {"HFSR_HF_CACHE": "per-space"}, f"marker = {marker!r}\n{WRITE}"
    try:
        ended = run(image, code, tmp_path, "--privacy-mode", "--fresh", environment=cached)
        assert ended.exit_code == 0, ended.stderr
        assert json.loads(ended.json["text"]) == ["Read-only file system"] * 2
        (volume,) = own_caches(docker_client)
        assert marker.encode() not in volume_contents(docker_client, volume, image)
        # Without privacy it is kept, so it would be found.
        assert json.loads(run(image, code, tmp_path, "--fresh", environment=cached).json["text"]) == []
        assert marker.encode() in volume_contents(docker_client, volume, image)
    finally:
        for volume in own_caches(docker_client):
            docker_client.volumes.get(volume).remove()
    no_trace(marker)


def test_an_answer_is_given_and_not_kept(
    up: dict[str, Any], image: str, marker: str, tmp_path: Path, private_home: Path
) -> None:
    before = temporary_files()
    ended = run(image, (PRINT + ANSWER).format(marker=marker), tmp_path, "--privacy-mode")
    assert json.loads(ended.json["text"]) == f"{marker} answer"
    assert marker not in ended.stderr
    assert traces(marker, private_home, tmp_path, *temporary_files(before)) == []
    ended = hfsr("logs", up["container"], directory=tmp_path)
    assert ended.exit_code == 11
    assert "privacy" in ended.stderr


@pytest.mark.usefixtures("up")
@pytest.mark.parametrize(
    ("fails", "verdict", "shown"),
    [
        ("raise ShownError('it says so itself')", "space_error", "it says so itself"),
        ("raise ValueError('{marker} hidden')", "space_error_hidden", ""),
    ],
)
def test_of_a_failure_no_line_of_the_log_is_shown_once_the_call_began(
    image: str, marker: str, tmp_path: Path, fails: str, verdict: str, shown: str
) -> None:
    ended = run(image, (PRINT + fails).format(marker=marker), tmp_path, "--privacy-mode", "-v")
    assert (ended.exit_code, ended.json["verdict"]) == (13, verdict)
    assert shown in ended.json["error"]
    assert marker not in ended.stdout + ended.stderr


def test_a_space_that_ends_during_the_call_shows_none_either(
    image: str, marker: str, tmp_path: Path, no_trace: Callable[[str], None]
) -> None:
    code = (PRINT + "os._exit(7)").format(marker=marker)
    ended = run(image, code, tmp_path, "--privacy-mode", "--fresh", "-v")
    assert (ended.exit_code, ended.json["verdict"]) == (13, "exited_during_call")
    assert "exit code 7" in ended.json["error"]
    assert marker not in ended.stdout + ended.stderr
    no_trace(marker)


def test_why_a_space_did_not_start_is_shown_in_privacy_as_well(image: str, tmp_path: Path) -> None:
    code = "raise RuntimeError('nothing to start with')"
    ended = run(image, "result = 1", tmp_path, "--privacy-mode", "-e", f"AT_START={code}")
    assert ended.exit_code == 12
    assert "RuntimeError: nothing to start with" in ended.json["error"]
    assert "  | starting\n" in ended.stderr


def test_a_private_run_uses_only_a_space_that_is_up_in_privacy(
    docker_client: docker.DockerClient, base_image: str, up: dict[str, Any], image: str, tmp_path: Path
) -> None:
    host = "result = socket.gethostname()"
    private = attached_puppet(docker_client, up).do(host)
    assert json.loads(run(image, host, tmp_path, "--privacy-mode").json["text"]) == private
    other = puppet_image(docker_client, base_image)
    with brought_up(other, tmp_path, "--network", "isolated") as found:
        isolated = attached_puppet(docker_client, found).do(host)
        assert json.loads(run(other, host, tmp_path).json["text"]) == isolated
        assert json.loads(run(other, host, tmp_path, "--privacy-mode").json["text"]) != isolated
