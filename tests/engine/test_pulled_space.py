"""A bundled Space's image, pushed to a real image registry with real logins, is run as Spaces of the Hub are."""

import io
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from hf_spaces_runner import Runner
from tests.engine.command_line import Ended, hfsr, our_containers
from tests.engine.image_registry import (
    TEST_LABEL,
    ImageRegistry,
    forget,
    image_registry,
    image_registry_image,
    log_in,
)

__all__ = ["image_registry", "image_registry_image"]  # fixtures

pytestmark = pytest.mark.engine

NAME = "some-user-mood-of-text"


@pytest.fixture(scope="module")
def pushed(
    docker_client: docker.DockerClient, image_registry: ImageRegistry, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str]]:
    """Push the image, without a command as the Hub's are, and take it off the engine; return its name and digest."""
    runner = Runner(environment={"HFSR_HOME": str(tmp_path_factory.mktemp("home"))})
    built = runner.acquire_image(runner.find("vader-sentiment")).reference
    dockerfile = f'FROM {built}\nLABEL {TEST_LABEL}=pushed\nCMD ["python3"]\n'
    reference = f"{image_registry.host}/{NAME}:latest"
    docker_client.images.build(fileobj=io.BytesIO(dockerfile.encode()), tag=reference, rm=True)
    digest = image_registry.push(reference)
    forget(docker_client, reference)
    yield reference, digest
    forget(docker_client, reference)


@pytest.fixture
def nothing_here(docker_client: docker.DockerClient, pushed: tuple[str, str]) -> None:
    forget(docker_client, pushed[0])


def run(reference: str, host: str, directory: Path, *options: str) -> Ended:
    words = ["run", "I love it", "--hf-space", reference, "--json", *options]
    return hfsr(*words, directory=directory, environment={"HFSR_IMAGE_REGISTRY": host})


@pytest.mark.usefixtures("nothing_here")
@pytest.mark.parametrize(
    "reference",
    [
        "some-user/mood_of.text",
        "https://huggingface.co/spaces/some-user/mood_of.text",
        f"https://{NAME}.hf.space",
        f"{{host}}/{NAME}",
        f"{{host}}/{NAME}:latest",
        f"{{host}}/{NAME}@{{digest}}",
    ],
)
def test_each_form_of_reference_pulls_it_and_runs_it(
    reference: str,
    image_registry: ImageRegistry,
    pushed: tuple[str, str],
    tmp_path: Path,
    docker_client: docker.DockerClient,
) -> None:
    log_in(image_registry.host)
    reference = reference.format(host=image_registry.host, digest=pushed[1])
    ended = run(reference, image_registry.host, tmp_path)
    assert ended.exit_code == 0, ended.stderr
    result = ended.json
    assert result["outputs"][0]["value"]["label"] == "positive"
    assert result["image_digest"] == pushed[1]
    assert "Pulling " in ended.stderr
    assert our_containers(docker_client, result["space"]) == []


@pytest.mark.usefixtures("nothing_here")
def test_without_a_login_it_says_how_to_log_in(image_registry: ImageRegistry, tmp_path: Path) -> None:
    ended = run("some-user/mood_of.text", image_registry.host, tmp_path)
    assert (ended.exit_code, ended.json["verdict"]) == (10, "unauthorized")
    assert f"docker logout {image_registry.host}" in ended.json["hint"]
    assert "token" in ended.json["hint"]


def test_one_that_the_image_registry_does_not_have(image_registry: ImageRegistry, tmp_path: Path) -> None:
    log_in(image_registry.host)
    ended = run("some-user/nothing", image_registry.host, tmp_path)
    assert (ended.exit_code, ended.json["verdict"]) == (10, "image_not_found")


@pytest.mark.usefixtures("nothing_here")
def test_never_pulling_says_so(image_registry: ImageRegistry, tmp_path: Path) -> None:
    ended = run("some-user/mood_of.text", image_registry.host, tmp_path, "--pull", "never")
    assert (ended.exit_code, ended.json["verdict"]) == (10, "image_not_found")
    assert "hfsr pull" in ended.json["hint"]
