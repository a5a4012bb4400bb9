"""A Space is built from its source on a Hub on loopback, and run, on a real engine."""

from pathlib import Path

import docker
import pytest

from hf_spaces_runner.registry.registry import bundled_registry_directory
from tests.engine.command_line import hfsr, our_containers
from tests.fakes.hub_repository import HubRepository
from tests.fakes.hub_server import HubServer

pytestmark = pytest.mark.engine

SPACE = bundled_registry_directory() / "spaces" / "vader-sentiment"


def test_a_space_of_the_hub_is_built_from_its_source_and_run(
    tmp_path: Path, docker_client: docker.DockerClient
) -> None:
    files = {
        path.relative_to(SPACE).as_posix(): path.read_bytes()
        for path in SPACE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with HubServer.running() as hub:
        repository = hub.repositories["you/tiny"] = HubRepository("you/tiny")
        sha = repository.commit(files)
        online = {"HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0"}
        ran = hfsr("run", "I love it", "--from-hub", "you/tiny@main", "--json", directory=tmp_path, environment=online)
        assert ran.exit_code == 0, ran.stderr
        assert (ran.json["text"], ran.json["attempts"][0]["status"]) == ("positive", "ok")
        assert our_containers(docker_client, ran.json["space"]) == []

        hub.requests.clear()
        offline = {**online, "HF_HUB_OFFLINE": "1"}
        built = hfsr("build", "--from-hub", "you/tiny", "--json", directory=tmp_path, environment=offline)
        assert built.exit_code == 0, built.stderr
        assert "Step" not in built.stderr
        assert hub.paths == []
    image = docker_client.images.get(built.json["image"])
    try:
        labels = image.labels
        assert labels["org.opencontainers.image.revision"] == sha
        assert labels["org.opencontainers.image.source"] == "https://huggingface.co/spaces/you/tiny"
    finally:
        docker_client.images.remove(built.json["image"])
