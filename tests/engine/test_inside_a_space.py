"""What a Space sees from inside its container, and how its failures look from outside."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from hf_spaces_runner.domain.labels import LABEL
from tests.engine.apps import app_source
from tests.engine.command_line import HFSR, Ended, hfsr, our_containers, scratch_folders
from tests.engine.traces import idle_volumes, temporary_files, traces

pytestmark = pytest.mark.engine

REGISTRY = """
spaces:
  inside:
    id: inside
    docker_image: hf-spaces-runner-test/inside:latest
    description: tells what it sees
    category: specialized
    input_type: text
    output_type: json
    port: 7860
    status: available
    source: {source}
    env: {{FROM_REGISTRY: "yes"}}
categories:
  specialized: [inside]
"""

DEVICES = frozenset({"console", "core", "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm"})
DEVICES |= {"stderr", "stdin", "stdout", "tty", "urandom", "zero"}
NO_DISK = frozenset({"overlay", "proc", "tmpfs", "devpts", "sysfs", "cgroup", "cgroup2", "mqueue"})
OF_THE_DISK = {"/etc/resolv.conf", "/etc/hostname", "/etc/hosts", "/usr/sbin/docker-init", "/hf-cache"}
"""What of a disk of the host is mounted: what the engine made for this container, and the model cache."""
WRITABLE = ("flagged/log.csv", "$HOME/x", "$HF_HOME/x", "$MPLCONFIGDIR/x", "$GRADIO_TEMP_DIR/x")
READ_ONLY = ("/x", "/etc/x", "/usr/x", "/usr/local/bin/python3", "/var/x", "/opt/x", "/run/x", "/home/x")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("registry")
    source = app_source("inside", "5.49.1", folder)
    file = folder / "registry.yaml"
    file.write_text(REGISTRY.format(source=source))
    return file


class Inside:
    """Calls the app's endpoints, each in a container of its own."""

    def __init__(self, registry: Path, directory: Path) -> None:
        self.environment = {"HFSR_REGISTRY": str(registry)}
        self.directory = directory

    def call(self, endpoint: str, *options: str, environment: dict[str, str] | None = None, stdin: str = "") -> Ended:
        words = ["run", "--hf-space", "inside", "--endpoint", endpoint, "--json", *options]
        environment = {**self.environment, **(environment or {})}
        return hfsr(*words, directory=self.directory, environment=environment, stdin=stdin)


@pytest.fixture(scope="module", autouse=True)
def no_volume_stays(docker_client: docker.DockerClient) -> Iterator[None]:
    before = {volume.name for volume in docker_client.volumes.list()}
    yield
    for volume in docker_client.volumes.list(filters={"label": f"{LABEL}.volume"}):
        if volume.name not in before and "inside" in str(volume.name):
            volume.remove()


@pytest.fixture
def inside(registry: Path, tmp_path: Path) -> Inside:
    return Inside(registry, tmp_path)


def test_the_environment_is_the_hubs_and_nothing_of_the_hosts(inside: Inside) -> None:
    host = {
        "HF_TOKEN": "hf_the_hosts",
        "HTTPS_PROXY": "http://user:secret@127.0.0.1:9",
        "NAMED": "by -e",
        "KEY": "s3cret-value",
    }
    ended = inside.call("environment", "-e", "NAMED", "-e", "GIVEN=a b", "--secret", "KEY", environment=host)
    assert ended.exit_code == 0, ended.stderr
    seen = ended.json["outputs"][0]["value"]
    assert seen["SYSTEM"] == "spaces"
    assert seen["SPACE_ID"] == "local/inside"
    assert seen["SPACE_HOST"] == "local-inside.hf.space"
    assert (seen["NAMED"], seen["GIVEN"], seen["FROM_REGISTRY"]) == ("by -e", "a b", "yes")
    assert "HF_TOKEN" not in seen
    assert not [name for name in seen if name.lower().endswith("_proxy")]
    assert "hf_the_hosts" not in ended.stdout


def test_the_process_has_no_capability_and_can_gain_none(inside: Inside) -> None:
    ended = inside.call("process_status")
    assert ended.exit_code == 0, ended.stderr
    status = ended.json["outputs"][0]["value"]
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert status["uid"] == "1000"


def test_the_walls_stand(inside: Inside) -> None:
    ended = inside.call(
        "walls", "--memory", "512m", environment={"HFSR_HF_CACHE": "per-space", "HFSR_PIDS_LIMIT": "100"}
    )
    assert ended.exit_code == 0, ended.stderr
    seen = ended.json["outputs"][0]["value"]
    cap = str(512 * 1024**2)
    assert set(seen["limits"].items()) in (
        {("memory/memory.limit_in_bytes", cap), ("memory/memory.memsw.limit_in_bytes", cap), ("pids/pids.max", "100")},
        {("memory.max", cap), ("memory.swap.max", "0"), ("pids.max", "100")},
    )
    assert seen["core"] == [1, 1]
    assert seen["crash"] == {"ended": True, "dumped": False}
    assert seen["namespace"] == -1
    assert seen["core_pattern"] == "Read-only file system"
    assert seen["sockets"] == []
    assert set(seen["devices"]) <= DEVICES
    assert "init" in seen["first_process"]
    mounted = {line.split()[4]: line.split(" - ")[1].split()[0] for line in seen["mounts"]}
    assert {target for target, kind in mounted.items() if kind not in NO_DISK} - {"/"} == OF_THE_DISK
    elsewhere = {target for target in mounted if not target.startswith(("/proc", "/sys", "/dev"))}
    assert elsewhere - {"/"} == OF_THE_DISK


def test_the_model_cache_outlives_the_container_also_with_a_read_only_root(inside: Inside) -> None:
    cached = {"HFSR_HF_CACHE": "per-space"}
    first = inside.call("remember", "-i", "text=first", environment=cached)
    assert first.exit_code == 0, first.stderr
    second = inside.call("remember", "-i", "text=second", "--read-only", environment=cached)
    assert second.json["text"].split()[-2:] == ["first", "second"]


def test_a_read_only_root_lets_a_space_write_where_it_must(inside: Inside, docker_client: docker.DockerClient) -> None:
    volumes = idle_volumes(docker_client)  # the copy of the app's folder is one, until the end
    ended = inside.call("write", "-i", "text=" + "\n".join([*WRITABLE, *READ_ONLY]), "--read-only")
    assert ended.exit_code == 0, ended.stderr
    assert ended.json["outputs"][0]["value"] == {
        **dict.fromkeys(WRITABLE),
        **dict.fromkeys(READ_ONLY, "Read-only file system"),
    }
    assert idle_volumes(docker_client) <= volumes


def test_in_privacy_a_file_goes_through_gradio_and_leaves_nothing(
    inside: Inside, docker_client: docker.DockerClient, private_home: Path, tmp_path: Path
) -> None:
    marker = "what-nobody-shall-know"
    volumes, files = idle_volumes(docker_client), temporary_files()
    given = tmp_path / "given.txt"
    given.write_text(marker)
    ended = inside.call("copy", "-i", f"@{given}", "-o", "out", "--privacy-mode")
    assert ended.exit_code == 0, ended.stderr
    (answer,) = (tmp_path / file["path"] for file in ended.json["files"])
    assert answer.read_text() == marker
    assert set(traces(marker, private_home, tmp_path, *temporary_files(files))) == {given, answer}
    assert marker not in ended.stdout + ended.stderr
    assert idle_volumes(docker_client) <= volumes


def test_a_prompt_of_a_megabyte_arrives_whole(inside: Inside) -> None:
    ended = inside.call("length", "-", stdin="good " * 210_000)
    assert ended.exit_code == 0, ended.stderr
    assert ended.json["text"] == "1050000"


def test_an_error_that_the_app_raises_is_shown(inside: Inside) -> None:
    ended = inside.call("refuse", "-i", "text=cheese")
    assert (ended.exit_code, ended.json["verdict"]) == (13, "space_error")
    assert "I will not say cheese" in ended.json["error"]


def test_an_exception_that_gradio_hides_is_found_in_the_log(inside: Inside) -> None:
    ended = inside.call("crash", "-i", "text=cheese")
    assert ended.exit_code == 13
    assert "ValueError: cannot digest cheese" in ended.json["error"]


def test_a_secret_that_the_app_prints_is_not_shown(inside: Inside) -> None:
    ended = inside.call(
        "crash", "-i", "text=the-hidden-word", "--secret", "WORD", "-v", environment={"WORD": "the-hidden-word"}
    )
    assert ended.exit_code == 13
    assert "the-hidden-word" not in ended.stdout + ended.stderr
    assert "***" in ended.json["error"]


def test_memory_that_runs_out_during_the_call_is_named(inside: Inside) -> None:
    ended = inside.call("hog", "-i", "text=x", "--memory", "400m")
    assert (ended.exit_code, ended.json["verdict"]) == (11, "out_of_memory")


def test_an_app_that_leaves_during_the_call_is_named(inside: Inside) -> None:
    ended = inside.call("leave", "-i", "text=bye")
    assert (ended.exit_code, ended.json["verdict"]) == (13, "exited_during_call")
    assert "leaving: bye" in ended.stderr
    assert "code 7" in ended.json["error"]


def test_a_call_that_takes_too_long_ends_at_its_timeout(inside: Inside) -> None:
    ended = inside.call("sleep", "-i", "seconds=300", "--timeout", "2s")
    assert (ended.exit_code, ended.json["verdict"]) == (13, "call_timeout")
    assert "--timeout" in ended.json["hint"]


def test_an_interrupt_during_the_call_leaves_nothing(inside: Inside, docker_client: docker.DockerClient) -> None:
    command = [*HFSR, "run", "--hf-space", "inside", "--endpoint", "sleep", "-i", "0=300", "-v"]
    with subprocess.Popen(
        command, cwd=inside.directory, env={**os.environ, **inside.environment}, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert any(line.startswith("call:") for line in process.stderr)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
        process.stderr.read()
    assert our_containers(docker_client, "inside") == []
    assert scratch_folders(Path(os.environ["HFSR_HOME"])) == []


def test_asking_for_a_share_tunnel_opens_none(inside: Inside, docker_client: docker.DockerClient) -> None:
    ended = inside.call("environment", "--keep", "-e", "SYSTEM=")
    assert ended.exit_code == 0, ended.stderr
    container = docker_client.containers.get(ended.json["container"])
    try:
        log = bytes(container.logs()).decode()
        hosts = str(container.exec_run(["getent", "hosts", "api.gradio.app"]).output)
    finally:
        container.remove(force=True)
    assert "asking for a share tunnel" in log
    assert "gradio.live" not in log
    assert "127.0.0.1" in hosts
