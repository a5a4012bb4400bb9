"""Real containers for tests: a Docker client, the base image, and Gradio apps of any version."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import docker
import pytest

from hf_spaces_runner.domain.progress import ignore_progress
from hf_spaces_runner.domain.settings import Settings
from hf_spaces_runner.images.acquire import Images
from tests.engine.apps import GradioApps


@pytest.fixture(scope="session")
def docker_client() -> Iterator[docker.DockerClient]:
    """Return a client of the engine that DOCKER_HOST or the docker context names."""
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture(scope="session")
def base_image(docker_client: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the base image that Spaces are built from, got or made if it is not here."""
    images = Images(docker_client, lock_directory=tmp_path_factory.mktemp("locks"))
    return images.acquire_base(Settings().base_image, "3.11", ignore_progress)


@pytest.fixture(scope="session")
def gradio_apps(docker_client: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GradioApps]:
    """Return what starts the apps below tests/gradio_apps on any Gradio version, once a session."""
    with ExitStack() as stack:
        yield GradioApps(docker_client, tmp_path_factory.mktemp("apps"), stack)


@pytest.fixture(scope="session")
def gradio_app(gradio_apps: GradioApps) -> Callable[[str, str], str]:
    """Start the app of a folder below tests/gradio_apps on a Gradio version, once a session; returns its base URL."""
    return gradio_apps.base_url
