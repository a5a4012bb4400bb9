"""How building a folder fails on a real engine, what it leaves behind, and what becomes of two builds at once."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.errors import APIError

from hf_spaces_runner.images.build_layers import keep_layers
from tests.engine.command_line import HFSR, Ended, hfsr
from tests.engine.images import TEST_LABEL

pytestmark = pytest.mark.engine

README = "---\ntitle: Test\nsdk: docker\n---\n"
FIRST_LINES = ("ARG BASE_IMAGE", "FROM ${BASE_IMAGE}", f"LABEL {TEST_LABEL}=build-faults")
OURS = {"label": f"{TEST_LABEL}=build-faults"}
CLOSED_INDEX = "PIP_INDEX_URL=http://127.0.0.1:1/simple"
_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of a Space of the SDK docker, and what its builds left on the engine."""

    path: Path
    client: docker.DockerClient

    def write(self, *steps: str) -> None:
        """Let its Dockerfile have `steps`."""
        (self.path / "Dockerfile").write_text("\n".join([*FIRST_LINES, *steps, "CMD true", ""]))

    def build(self) -> Ended:
        """Run `hfsr build` on it until it ends."""
        return hfsr("build", f"./{self.path.name}", directory=self.path.parent)

    def built(self) -> str:
        """Build it, and return the name of its image."""
        ended = self.build()
        assert ended.exit_code == 0, ended.stderr
        return ended.stdout.strip()

    def start(self) -> subprocess.Popen[str]:
        """Start `hfsr build` on it."""
        return subprocess.Popen(
            [*HFSR, "build", f"./{self.path.name}"],
            cwd=self.path.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def start_until_a_step_runs(self) -> subprocess.Popen[str]:
        """Start `hfsr build` on it, and return when a step that sleeps runs."""
        process = self.start()
        _until(lambda: process.poll() is not None or any("sleep" in item["Command"] for item in self._containers()))
        assert process.poll() is None, process.communicate()
        return process

    def running(self) -> list[str]:
        """Return the containers of its builds."""
        return [str(item["Id"]) for item in self._containers()]

    def _containers(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.api.containers(all=True, filters=OURS)
        return found

    def tags(self) -> list[str]:
        """Return the tags of its images."""
        return [name.rpartition(":")[2] for name in self.names()]

    def names(self) -> list[str]:
        """Return the names of its images."""
        found = self.client.api.images(filters=OURS)
        return [name for image in found for name in image["RepoTags"] or () if name != "<none>:<none>"]

    def dangling(self) -> list[str]:
        """Return its layers that have no name and are no part of an image."""
        return [str(image["Id"]) for image in self.client.api.images(filters={**OURS, "dangling": True})]

    def history(self, name: str) -> list[str]:
        """Return the ids of the layers of the image `name`, the last first."""
        return [str(layer["Id"]) for layer in self.client.images.get(name).history()]


def _until(what: Callable[[], object]) -> None:
    end = time.monotonic() + _PATIENCE_S
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def folder(tmp_path: Path, docker_client: docker.DockerClient, base_image: str) -> Iterator[Folder]:
    """Return the folder of a Space; its images are gone afterwards."""
    path = tmp_path / "Test Build"
    path.mkdir()
    (path / "README.md").write_text(README)
    made = Folder(path, docker_client)
    yield made
    assert base_image
    assert made.running() == []
    while left := docker_client.api.images(all=True, filters=OURS):
        removed = 0
        for image in left:  # layers hold each other, so they go one after the other
            with suppress(APIError):
                docker_client.api.remove_image(str(image["Id"]), force=True)
                removed += 1
        assert removed, left


@pytest.mark.parametrize(
    ("steps", "message", "hint", "log"),
    [
        pytest.param(
            ("RUN seq 60", "RUN seq 3; echo no luck >&2; exit 7"),
            "(RUN seq 3; echo no luck >&2; exit 7) failed: it returned a non-zero code: 7",
            "the lines above are the build's last",
            ["1", "2", "3", "no luck"],
            id="a command fails",
        ),
        pytest.param(
            ("RUN seq 60; exit 1",),
            "it returned a non-zero code: 1",
            "the lines above",
            [str(number) for number in range(51, 61)],
            id="a command that says much fails",
        ),
        pytest.param(
            ('RUN ["/no/such/program"]',),
            '(RUN ["/no/such/program"]) failed: failed to create',
            "correct that line of the Space's Dockerfile",
            [],
            id="no such command",
        ),
        pytest.param(
            ("RUM echo x",),
            "the Dockerfile cannot be read at 'RUM echo x': unknown instruction: RUM",
            "correct that line",
            [],
            id="no such instruction",
        ),
        pytest.param(
            ("COPY gone.txt /x",), "(COPY gone.txt /x) failed: COPY failed", "correct that line", [], id="no such file"
        ),
        pytest.param(
            ("FROM 127.0.0.1:1/no/image:1",),
            "(FROM 127.0.0.1:1/no/image:1) failed: the image registry at 127.0.0.1:1 cannot be reached",
            "docker pull 127.0.0.1:1/no/image:1",
            [],
            id="no image for a stage",
        ),
        pytest.param(
            ("RUN dd if=/dev/zero of=/dev/full bs=1 count=1",),
            "failed: the disk of the engine is full: it returned a non-zero code: 1",
            "hfsr cleanup",
            None,
            id="no space left",
        ),
    ],
)
def test_what_fails_is_named(
    folder: Folder, steps: tuple[str, ...], message: str, hint: str, log: list[str] | None
) -> None:
    folder.write(*steps)
    ended = folder.build()
    assert (ended.exit_code, ended.stdout) == (10, "")
    said = re.fullmatch(
        r"Building .*\n(?:Last lines .*\n(?P<log>(?:  \| .*\n)*))?Error: (.*)\nHint: (.*)\n", ended.stderr
    )
    assert said is not None, ended.stderr
    assert message in said[2]
    assert hint in said[3]
    if log is not None:
        assert (said["log"] or "").replace("  | ", "").splitlines() == log
    assert folder.dangling() == []
    assert {tag for tag in folder.tags() if not tag.startswith("stage-")} == set()


def test_an_image_to_build_on_that_is_nowhere(folder: Folder) -> None:
    (folder.path / "Dockerfile").write_text("FROM 127.0.0.1:1/no/image:1\nCMD true\n")
    ended = folder.build()
    assert ended.exit_code == 10
    assert "FROM 127.0.0.1:1/no/image:1: pulling" in ended.stderr
    assert "docker pull 127.0.0.1:1/no/image:1" in ended.stderr


def test_a_build_without_a_network_goes_on_where_it_ended(folder: Folder) -> None:
    slow = "RUN cat /proc/sys/kernel/random/uuid > /id && python3 -m venv /venv"
    folder.write(slow, f"RUN {CLOSED_INDEX} /venv/bin/pip install --retries 1 six")
    ended = folder.build()
    assert ended.exit_code == 10
    assert "failed: it could not reach a server" in ended.stderr
    assert "Hint: check the network of the engine" in ended.stderr
    assert (folder.tags(), folder.dangling()) == (["stage-1"], [])
    kept = folder.history(folder.names()[0])
    folder.write(slow, "RUN true")
    image = folder.built()
    assert set(kept) <= set(folder.history(image))
    assert (folder.tags(), folder.dangling()) == ([image.rpartition(":")[2]], [])


def test_an_interrupted_build_leaves_nothing_half(folder: Folder) -> None:
    slow = "RUN cat /proc/sys/kernel/random/uuid > /id"
    folder.write(slow, "RUN sleep 300")
    process = folder.start_until_a_step_runs()
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate()
    assert (process.returncode, stdout) == (130, ""), stderr
    assert folder.running() == []
    assert (folder.tags(), folder.dangling()) == (["stage-1"], [])
    kept = folder.history(folder.names()[0])

    # The next one is interrupted while it has come less far, and what the first has done stays for the third.
    folder.write("RUN sleep 299", "RUN sleep 300")
    process = folder.start_until_a_step_runs()
    process.send_signal(signal.SIGINT)
    process.communicate()
    folder.write(slow, "RUN true")
    assert set(kept) <= set(folder.history(folder.built()))
    assert ("stage-1" in folder.tags(), folder.dangling()) == (False, [])


def test_a_layer_that_was_done_in_the_moment_of_the_interrupt_gets_a_name(folder: Folder) -> None:
    folder.write("RUN true", "RUN sleep 300")
    process = folder.start_until_a_step_runs()
    process.kill()
    process.communicate()
    _until(lambda: not folder.running())
    (layer,) = folder.dangling()
    # As if the build had been interrupted before it was told of that layer.
    told = folder.history(layer)[1].removeprefix("sha256:")[:12]
    repository = "hf-spaces-runner/test-build-00000000"
    keep_layers(folder.client, f"{repository}:{'0' * 12}", {1: told}, finished=False)
    assert (folder.names(), folder.dangling()) == ([f"{repository}:stage-1"], [])


def test_what_a_killed_build_left_is_taken_up(folder: Folder) -> None:
    slow = "RUN cat /proc/sys/kernel/random/uuid > /id"
    folder.write(slow, "RUN sleep 300")
    process = folder.start_until_a_step_runs()
    process.kill()
    process.communicate()
    _until(lambda: not folder.running())  # the engine notices that nobody listens any more
    (left,) = folder.dangling()
    folder.write(slow, "RUN true")
    assert left in folder.history(folder.built())
    assert folder.dangling() == []


def test_two_builds_of_one_folder_make_one_image(folder: Folder) -> None:
    folder.write("RUN cat /proc/sys/kernel/random/uuid > /id && sleep 3")
    first = folder.start_until_a_step_runs()
    second = folder.start()
    said = [process.communicate() for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], said
    assert said[0][0] == said[1][0] != ""
    assert "Building " in said[0][1]
    assert "Another process builds hf-spaces-runner/test-build-" in said[1][1]
    assert "Building " not in said[1][1]
    assert len(folder.tags()) == 1


def test_a_build_takes_over_from_one_that_was_killed(folder: Folder) -> None:
    folder.write("RUN cat /proc/sys/kernel/random/uuid > /id", "RUN sleep 5")
    first = folder.start_until_a_step_runs()
    second = folder.start()
    assert second.stderr is not None
    assert "Another process builds" in second.stderr.readline()
    first.kill()
    first.communicate()
    stdout, stderr = second.communicate()
    assert second.returncode == 0, stderr
    assert "Building " in stderr
    assert stdout.strip().rpartition(":")[2] in folder.tags()
    assert folder.dangling() == []


def test_few_images_of_earlier_sources_stay(folder: Folder) -> None:
    slow = "RUN cat /proc/sys/kernel/random/uuid > /id"
    names = []
    for number in range(5):
        folder.write(slow, "COPY README.md /readme")
        (folder.path / "README.md").write_text(f"{README}{number}\n")
        names.append(folder.built())
    assert sorted(folder.tags()) == sorted(name.rpartition(":")[2] for name in names[-3:])
    ids = {folder.client.containers.run(name, ["cat", "/id"], remove=True) for name in names[-3:]}
    assert len(ids) == 1  # the slow step ran once
    assert folder.dangling() == []


def test_an_image_that_a_container_is_made_of_stays(folder: Folder) -> None:
    names = []
    for number in range(5):
        folder.write(f"RUN echo {number} > /number")
        names.append(folder.built())
        if not number:
            container = folder.client.containers.create(names[0], ["true"], labels={TEST_LABEL: "build-faults"})
    try:
        assert names[0].rpartition(":")[2] in folder.tags()
        assert names[1].rpartition(":")[2] not in folder.tags()
    finally:
        container.remove()


def test_the_stages_of_a_build_keep_their_layers_under_a_name(folder: Folder) -> None:
    stages = ("RUN cat /proc/sys/kernel/random/uuid > /id", FIRST_LINES[1], FIRST_LINES[2], "COPY --from=0 /id /id")
    folder.write(*stages, "COPY README.md /readme")
    first = folder.built()
    assert (sorted(folder.tags()), folder.dangling()) == (sorted([first.rpartition(":")[2], "stage-1"]), [])
    (folder.path / "README.md").write_text(f"{README}more\n")
    second = folder.built()
    ids = {folder.client.containers.run(name, ["cat", "/id"], remove=True) for name in (first, second)}
    assert len(ids) == 1
    folder.write("COPY README.md /readme")
    folder.built()
    assert "stage-1" not in folder.tags()
    assert folder.dangling() == []


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None, reason="needs root to make a disk of a few kilobytes"
)
def test_a_full_disk_for_the_build_context(folder: Folder, tmp_path: Path) -> None:
    folder.write("COPY large /large")
    (folder.path / "large").write_bytes(os.urandom(4 * 1024**2))
    small = tmp_path / "small"
    small.mkdir()
    script = f"mount -t tmpfs -o size=1m none '{small}' && exec \"$@\""
    ended = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", *HFSR, "build", "./Test Build"],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(small)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 10, ended.stderr
    assert "no space left for the build context" in ended.stderr
    assert folder.dangling() == []
    folder.built()
