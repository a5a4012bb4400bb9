"""What a clean-up takes from a real engine, and what it leaves whatever its name."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from hf_spaces_runner.domain.image import Image
from hf_spaces_runner.domain.labels import LABEL, RunLabels
from hf_spaces_runner.orchestrator.ownership import own_name
from hf_spaces_runner.orchestrator.stamps import Stamps
from tests.engine.command_line import hfsr
from tests.engine.images import TEST_LABEL, script_image

pytestmark = pytest.mark.engine

LONG_AGO = 1_000_000_000
DEAD = own_name().rpartition(":")[0] + ":1"
ONLY_OURS = ("--older-than", "360d", "--images-older-than", "360d")
"""Old enough that nothing else on the engine is."""


@pytest.fixture
def stamps() -> Stamps:
    return Stamps(Path(os.environ["HFSR_HOME"]) / "state")


@pytest.fixture
def tagged(docker_client: docker.DockerClient, base_image: str) -> Iterator[str]:
    """Return an image of a name that nobody else uses; whatever is left of it goes."""
    repository = f"localhost/hfsr-test/cleaned-{time.time_ns():x}"
    docker_client.images.get(base_image).tag(repository, "1")
    yield f"{repository}:1"
    for image in docker_client.images.list(repository):
        for tag in image.tags:
            if tag.startswith(repository):
                docker_client.api.remove_image(tag)


def images(client: docker.DockerClient) -> set[str]:
    return {tag for image in client.images.list() for tag in image.tags}


def used_long_ago(stamps: Stamps, reference: str, *, pulled: bool) -> None:
    before = set((stamps.folder / "images").iterdir()) if (stamps.folder / "images").is_dir() else set()
    stamps.note_image(Image(id="x", reference=reference, digest="sha256:x" if pulled else None, pulled_now=pulled))
    (made,) = set((stamps.folder / "images").iterdir()) - before
    os.utime(made, (LONG_AGO, LONG_AGO))


def test_an_image_that_we_pulled_goes_when_it_is_old_and_one_of_somebody_else_stays(
    docker_client: docker.DockerClient, tagged: str, stamps: Stamps, tmp_path: Path
) -> None:
    assert tagged not in hfsr("cleanup", *ONLY_OURS, "--dry-run", directory=tmp_path).stdout
    used_long_ago(stamps, tagged, pulled=True)
    dry = hfsr("cleanup", *ONLY_OURS, "--dry-run", directory=tmp_path)
    assert f"image  {tagged}" in dry.stdout
    assert tagged in images(docker_client)
    assert tagged not in hfsr("cleanup", "--older-than", "360d", directory=tmp_path).stdout
    done = hfsr("cleanup", *ONLY_OURS, directory=tmp_path)
    assert done.stdout == dry.stdout
    assert tagged not in images(docker_client)
    assert not stamps.is_pulled_by_us(tagged)


def test_an_image_that_we_built_goes_by_its_label_unless_a_container_uses_it(
    docker_client: docker.DockerClient, base_image: str, stamps: Stamps, tmp_path: Path
) -> None:
    name = f"cleaned-{time.time_ns():x}"
    built = script_image(docker_client, name, "", base=base_image, labels={f"{LABEL}.built": "test"})
    used_long_ago(stamps, built, pulled=False)
    container = docker_client.containers.create(built, labels={TEST_LABEL: "cleaned"})
    try:
        assert built not in hfsr("cleanup", *ONLY_OURS, directory=tmp_path).stdout
        assert built in images(docker_client)
    finally:
        container.remove()
    assert built in hfsr("cleanup", *ONLY_OURS, directory=tmp_path).stdout
    assert built not in images(docker_client)


def test_containers_of_dead_processes_go_and_those_without_our_label_stay(
    docker_client: docker.DockerClient, base_image: str, tmp_path: Path
) -> None:
    run_id = f"test-{time.time_ns():x}"
    labels = RunLabels(run_id=run_id, space_id="cleaned", owner=DEAD, created_at=time.time()).as_labels()
    ours = docker_client.containers.create(base_image, "true", name=f"hfsr-cleaned-{run_id}", labels=labels)
    foreign = docker_client.containers.create(
        base_image, "true", name=f"hfsr-foreign-{run_id}", labels={TEST_LABEL: "foreign"}
    )
    volume = docker_client.volumes.create(f"hf-spaces-runner-cache-{run_id}")
    try:
        planned = hfsr("cleanup", *ONLY_OURS, "--dry-run", "--json", directory=tmp_path).json["planned"]
        assert [item["name"] for item in planned if run_id in item["name"]] == [ours.name]
        hfsr("cleanup", *ONLY_OURS, "--cache-quota", "1000g", directory=tmp_path)
        left = {item.name for item in docker_client.containers.list(all=True, ignore_removed=True)}
        assert ours.name not in left
        assert foreign.name in left
        assert docker_client.volumes.get(str(volume.name)).name == volume.name
    finally:
        foreign.remove(force=True)
        volume.remove()


def test_a_clean_up_beside_a_run_takes_nothing_from_it(
    docker_client: docker.DockerClient, base_image: str, tmp_path: Path
) -> None:
    echo = Path(__file__).with_name("echo_space.py").read_text(encoding="utf-8")
    image = script_image(docker_client, "beside", echo, base=base_image)
    up = hfsr("up", image, "--pull", "never", "--json", directory=tmp_path)
    assert up.exit_code == 0, up.stderr
    try:
        for _ in range(2):
            assert hfsr("cleanup", "--older-than", "360d", directory=tmp_path).exit_code == 0
            used = hfsr("run", "hello", "--hf-space", image, "--pull", "never", directory=tmp_path)
            assert used.stdout == "hello\n", used.stderr
    finally:
        assert hfsr("stop", up.json["container"], directory=tmp_path).exit_code == 0
