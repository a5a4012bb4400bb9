"""--as-of on a real engine: Spaces that packages of later days have broken work with those of their own day."""

import os
import pty
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import docker
import pytest
from docker.errors import APIError

from tests.engine.command_line import HFSR, Ended, hfsr
from tests.engine.images import TEST_LABEL, script_image

pytestmark = pytest.mark.engine

INDEX = Path(__file__).with_name("dated_index.py").read_text()
ADVICE = "--as-of 2023-07-01 builds it with the packages of that day"


@pytest.fixture(scope="module")
def dated_base(docker_client: docker.DockerClient, base_image: str) -> Iterator[str]:
    """Return a base image that tells pip of an index beside its own, which runs for as long."""
    image = script_image(docker_client, "dated-index", INDEX, base=base_image)
    container = docker_client.containers.run(image, detach=True, network="bridge", labels={TEST_LABEL: "index"})
    try:
        container.reload()
        address = container.attrs["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
        told = f"ENV PIP_EXTRA_INDEX_URL=http://{address}:8080/simple/ PIP_TRUSTED_HOST={address}"
        reference = "localhost/hfsr-test/dated-base:latest"
        subprocess.run(
            ["docker", "build", "-q", "-t", reference, "-"],
            input=f"FROM {base_image}\n{told}\n",
            text=True,
            check=True,
            capture_output=True,
        )
        yield reference
    finally:
        container.remove(force=True, v=True)
        with suppress(APIError):
            docker_client.images.remove("localhost/hfsr-test/dated-base:latest", force=True)


@pytest.fixture
def folder(tmp_path: Path, docker_client: docker.DockerClient) -> Iterator[Path]:
    """Return the folder of a Space whose last commit is of 2023-07-01; what is built of it is gone afterwards."""
    folder = tmp_path / "test-as-of"
    folder.mkdir()
    (folder / "README.md").write_text("---\nsdk: streamlit\nsdk_version: 99.1.0\n---\n")
    (folder / "app.py").write_text("from hfsr_test_library import helper\n")
    environment = {**os.environ, "GIT_COMMITTER_DATE": "2023-07-01T12:00:00Z"}
    for words in (("init", "-q"), ("-c", "user.name=x", "-c", "user.email=x", "commit", "-q", "--allow-empty", "-mx")):
        subprocess.run(["git", "-C", str(folder), *words], check=True, env=environment)
    yield folder
    for image in docker_client.images.list():
        for tag in image.tags:
            if tag.startswith("hf-spaces-runner/test-as-of-"):
                with suppress(APIError):
                    docker_client.images.remove(tag)


def asked(base: str, folder: Path, *words: str) -> Ended:
    return hfsr(*words, directory=folder.parent, environment={"HFSR_BASE_IMAGE": base})


def versions(client: docker.DockerClient, image: str, *names: str) -> list[str]:
    code = f"import importlib.metadata as known; print(*(known.version(name) for name in {names}))"
    said = client.containers.run(image, ["python", "-c", code], remove=True, labels={TEST_LABEL: "look"})
    return str(said.decode()).split()


def test_what_can_no_longer_be_built_is_built_as_of_its_last_commit(
    dated_base: str, folder: Path, docker_client: docker.DockerClient
) -> None:
    (folder / "requirements.txt").write_text("hfsr-test-thing\n")
    failed = asked(dated_base, folder, "build", str(folder), "--json")
    assert (failed.exit_code, failed.json["verdict"]) == (10, "package_not_built"), failed.stderr
    assert ADVICE in failed.json["hint"]

    # Who agrees on a terminal gets the same image as who names the day.
    outer, inner = pty.openpty()
    os.write(outer, b"y\n")
    child = subprocess.Popen(
        [*HFSR, "build", str(folder)],
        stdin=inner,
        stdout=subprocess.PIPE,
        stderr=inner,
        text=True,
        env={**os.environ, "HFSR_BASE_IMAGE": dated_base, "TERM": "dumb"},
    )
    os.close(inner)
    screen = b""
    with suppress(OSError):  # the terminal is gone when the child is
        while block := os.read(outer, 4096):
            screen += block
    printed = child.communicate()[0]
    os.close(outer)
    assert child.returncode == 0, screen.decode()
    assert b"Build it with packages as of 2023-07-01?" in screen
    named = asked(dated_base, folder, "build", str(folder), "--as-of", "2023-07-01")
    assert named.stdout.split()[0] == printed.split()[0]
    assert versions(docker_client, printed.split()[0], "streamlit", "hfsr-test-thing") == ["99.1.0", "1.0"]


def test_what_no_longer_starts_is_told_the_day(
    dated_base: str, folder: Path, docker_client: docker.DockerClient
) -> None:
    (folder / "requirements.txt").write_text("hfsr-test-library\n")
    failed = asked(dated_base, folder, "up", str(folder), "--json")
    assert (failed.exit_code, failed.json["verdict"]) == (12, "dependency_conflict"), failed.stderr
    assert ADVICE in failed.json["hint"]
    built = asked(dated_base, folder, "build", str(folder), "--as-of", "commit")
    assert built.exit_code == 0, built.stderr
    assert versions(docker_client, built.stdout.strip(), "hfsr-test-library") == ["1.0"]


@pytest.mark.parametrize(
    ("requirement", "day", "verdict", "said"),
    [
        ("six", "2022-12-31", "too_new", "streamlit, or the version of it that is asked for, is from after the day"),
        ("hfsr-test-library==2.0", "2023-07-01", "too_new", "hfsr-test-library, or the version of it"),
        ("hfsr-test-undated", "2023-07-01", "no_upload_times", "does not say when hfsr-test-undated was uploaded"),
    ],
)
def test_what_that_day_had_not_is_named(
    dated_base: str, folder: Path, requirement: str, day: str, verdict: str, said: str
) -> None:
    (folder / "requirements.txt").write_text(f"{requirement}\n")
    failed = asked(dated_base, folder, "build", str(folder), "--as-of", day, "--json")
    assert (failed.exit_code, failed.json["verdict"]) == (10, verdict), failed.stderr
    assert said in failed.json["error"]
    assert "builds it with the packages" not in failed.json["hint"]
