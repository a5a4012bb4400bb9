"""A Space that misbehaves beside its answers: it eats processes, memory, log and disk, or leaves in the middle."""

import docker
import pytest

from hf_spaces_runner.domain.labels import LABEL
from tests.engine.command_line import hfsr, our_containers
from tests.engine.hostile_runs import SPACE, HostileSpace, hostile, hostile_image
from tests.engine.images import script_image

__all__ = ["hostile", "hostile_image"]  # fixtures

pytestmark = pytest.mark.engine

LOG_MAX_BYTES = 10 * 1024**2


def test_a_fork_bomb_stays_below_the_cap_of_processes(hostile: HostileSpace) -> None:
    ended = hostile.run("fork_bomb", call_s=60)
    assert ended.exit_code == 0, ended.stderr
    assert 100 < int(ended.json["text"]) <= 512


def test_a_memory_hog_is_ended_and_named(hostile: HostileSpace) -> None:
    ended = hostile.run("memory_hog", "--memory", "128m", call_s=60)
    assert ended.verdict == (11, "out_of_memory")
    assert "--memory" in ended.json["hint"]


def test_a_full_scratch_disk_counts_as_memory(hostile: HostileSpace) -> None:
    ended = hostile.run("fill_the_disk", "--memory", "128m", "--read-only", call_s=60)
    assert ended.verdict in {(11, "out_of_memory"), (13, "space_error")}


def test_a_log_of_a_gigabyte_is_cut_by_the_engine(hostile: HostileSpace, docker_client: docker.DockerClient) -> None:
    ended = hostile.run("log_flood", "--keep", call_s=120)
    try:
        assert ended.exit_code == 0, ended.stderr
        log = docker_client.containers.get(ended.json["container"]).logs(stream=True, follow=False)
        assert 0 < sum(map(len, log)) <= LOG_MAX_BYTES
    finally:
        for name in our_containers(docker_client, SPACE):
            docker_client.containers.get(name).remove(force=True)


def test_the_log_is_told_in_a_few_lines(hostile: HostileSpace) -> None:
    ended = hostile.run("log_of_escapes", "-v")
    assert ended.verdict == (13, "space_error_hidden")
    assert ended.json["error"].endswith("evil last words")
    assert "evil line xxx" in ended.stderr


def test_leaving_in_the_middle_is_named(hostile: HostileSpace) -> None:
    ended = hostile.run("leave")
    assert ended.verdict == (13, "exited_during_call")
    assert "leaving" in ended.stderr
    assert "code 7" in ended.json["error"]


def test_an_image_cannot_speak_to_the_terminal_nor_make_its_container_stay(
    docker_client: docker.DockerClient, base_image: str, hostile: HostileSpace
) -> None:
    image = script_image(
        docker_client,
        "hostile-image",
        "",
        base=base_image,
        command=("\x1b[31m\x9bevil",),
        labels={f"{LABEL}.keep": "yes", f"{LABEL}.run": "evil", f"{LABEL}.owner": "evil:1"},
    )
    ended = hfsr("run", "hi", "--hf-space", image, "--pull", "never", "--json", directory=hostile.out.parent.parent)
    assert (ended.exit_code, ended.json["verdict"]) == (11, "command_not_found")
    assert "evil" in ended.json["error"]
    assert not set(ended.stdout + ended.stderr) & {"\x1b", "\x9b"}
    assert our_containers(docker_client, "hfsr-test-hostile-image") == []
