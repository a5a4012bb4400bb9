"""Spaces of the SDK docker on a real engine: built by their own Dockerfile, run as UID 1000, reached on app_port."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from secrets import token_hex
from typing import Any

import docker
import httpx
import pytest
from docker.errors import APIError

from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.image import Image
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.space import Sdk, Space
from hf_spaces_runner.errors import BuildError, ImageRegistryUnreachableError
from hf_spaces_runner.orchestrator.docker_engine import DockerEngine
from hf_spaces_runner.orchestrator.ownership import own_name
from hf_spaces_runner.planning.launch_policy import LaunchDefaults, RunIdentity, for_image, plan_launch
from hf_spaces_runner.runner import Runner
from tests.engine.images import OWNER_LABEL, TEST_LABEL

pytestmark = pytest.mark.engine

README = "---\ntitle: Tiny\nsdk: docker\napp_port: 8000\n---\n"
APP = """
import json, os
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

class Tell(BaseHTTPRequestHandler):
    def do_GET(self):
        files = {path.name: path.read_text() for path in Path("/app").iterdir() if path.is_file()}
        told = {"uid": os.getuid(), "environment": dict(os.environ), "files": files}
        text = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

HTTPServer(("", 8000), Tell).serve_forever()
"""
# The build itself looks at what its commands see.
DOCKERFILE = f"""ARG BASE_IMAGE=never.invalid/python:3
FROM ${{BASE_IMAGE}} AS made
LABEL {TEST_LABEL}=build
RUN printf '%s' "$PIP_CERT $SSL_CERT_FILE $REQUESTS_CA_BUNDLE $NODE_EXTRA_CA_CERTS" > /variables \\
 && cat $PIP_CERT > /trusted

FROM made
LABEL {TEST_LABEL}=build
COPY . /app
RUN test -s "$PIP_CERT" && cp /variables /app/variables.txt && cp /trusted /app/trusted.txt
CMD ["python3", "/app/app.py"]
"""


@pytest.fixture
def tiny(tmp_path: Path, docker_client: docker.DockerClient) -> Iterator[Callable[..., tuple[Space, Path]]]:
    """Write a Space's folder; its images are gone afterwards, with the layers of builds that failed."""

    def write(dockerfile: str = DOCKERFILE) -> tuple[Space, Path]:
        folder = tmp_path / "tiny space"
        folder.mkdir()
        (folder / "README.md").write_text(README)
        (folder / "app.py").write_text(APP)
        (folder / "Dockerfile").write_text(dockerfile)
        name = f"hf-spaces-runner-test/docker-{token_hex(4)}"
        return Space(id="tiny-docker", docker_image=name, sdk=Sdk.DOCKER, port=8000, source=folder), folder

    yield write
    for _ in range(20):  # the layers of a build hold each other, so they go one after the other
        for image in docker_client.images.list(all=True, filters={"label": f"{TEST_LABEL}=build"}):
            with suppress(APIError):
                docker_client.images.remove(str(image.id), force=True)


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """Return a Runner whose builds trust a file of the test's own."""
    (tmp_path / "bundle.crt").write_text("certificates")
    return Runner(settings={"ca_bundle": str(tmp_path / "bundle.crt")}, environment={"HFSR_HOME": str(tmp_path)})


def told_by(client: docker.DockerClient, space: Space, image: Image) -> dict[str, Any]:
    """Start `space` as the runner does, and return what it says of itself."""
    spec = plan_launch(
        space,
        Request(space=space.id, read_only=True),
        LaunchDefaults(memory_bytes=512 * 1024**2, cpus=None, pids_limit=64, hf_cache="none"),
        RunIdentity(run_id=f"tests-{token_hex(4)}", owner=own_name()),
    )
    labels = {TEST_LABEL: "docker sdk", OWNER_LABEL: own_name()}
    with DockerEngine(client).create(replace(for_image(spec, image, None), labels=labels)) as container:
        container.start()
        deadline = Deadline.after(60, time.monotonic)
        while True:
            try:
                return dict(httpx.get(f"http://127.0.0.1:{container.port}/", trust_env=False).json())
            except httpx.TransportError:
                assert not deadline.passed, container.logs(20)
                time.sleep(0.1)


def test_a_tiny_space_is_built_and_runs_as_the_hubs_user(
    tiny: Callable[..., tuple[Space, Path]], runner: Runner, docker_client: docker.DockerClient
) -> None:
    space, folder = tiny()
    (folder / "ca-bundle.crt").write_text("the Space's own")
    image = runner.acquire_image(space)
    assert image.user == "1000"
    assert image.command == ("python3", "/app/app.py")
    config = docker_client.images.get(image.id).attrs["Config"]
    assert config["Labels"]["hf-spaces-runner.space"] == "tiny-docker"
    assert config["Labels"]["hf-spaces-runner.built"].startswith(image.reference.rpartition(":")[2])
    assert "CERT" not in "".join(config["Env"])

    told = told_by(docker_client, space, image)
    assert told["uid"] == 1000
    assert "CERT" not in json.dumps(told["environment"])
    assert told["files"].keys() >= {"README.md", "app.py", "Dockerfile"}
    assert told["files"]["ca-bundle.crt"] == "the Space's own"
    # Commands of both stages saw the variables and what they name.
    assert told["files"]["trusted.txt"] == "certificates"
    assert told["files"]["variables.txt"].split() == ["/usr/local/share/hf-spaces-runner/ca-bundle.crt"] * 4
    assert runner.acquire_image(space) == image


def test_a_user_that_the_dockerfile_names_is_kept(
    tiny: Callable[..., tuple[Space, Path]], runner: Runner, docker_client: docker.DockerClient
) -> None:
    space, _ = tiny(f"{DOCKERFILE}RUN useradd --uid 1234 app\nUSER app\n")
    image = runner.acquire_image(space)
    assert image.user == "app"
    assert told_by(docker_client, space, image)["uid"] == 1234


def test_what_names_root_runs_as_the_hubs_user(
    tiny: Callable[..., tuple[Space, Path]], runner: Runner, docker_client: docker.DockerClient
) -> None:
    space, _ = tiny(f"{DOCKERFILE}USER root\n")
    image = runner.acquire_image(space)
    assert (image.user, told_by(docker_client, space, image)["uid"]) == ("1000", 1000)


def test_variables_that_the_dockerfile_declares_are_build_arguments(
    tiny: Callable[..., tuple[Space, Path]], runner: Runner, docker_client: docker.DockerClient
) -> None:
    declared = (
        f"ARG BASE_IMAGE\nARG WHICH=${{BASE_IMAGE}}\nFROM ${{BASE_IMAGE}}\nLABEL {TEST_LABEL}=build\nFROM ${{WHICH}}\n"
        f'LABEL {TEST_LABEL}=build\nARG COLOR=blue SIZE="a b"\nCOPY . /app\n'
        'RUN printf %s "$COLOR|$SIZE|$OTHER" > /app/arguments.txt\nCMD ["python3", "/app/app.py"]\n'
    )
    space, folder = tiny(declared)
    for name in (".env", ".hfsr.env"):
        (folder / name).write_text("COLOR=of the file")
    plain = runner.acquire_image(space)
    assert told_by(docker_client, space, plain)["files"]["arguments.txt"] == "blue|a b|"
    # Of no use to the build, so the image is the same one.
    assert runner.acquire_image(space, env={"OTHER": "x"}) == plain
    given = {"COLOR": 'it\'s "$HOME" \\n', "OTHER": "x"}
    told = told_by(docker_client, space, runner.acquire_image(space, env=given))
    assert told["files"]["arguments.txt"] == f"{given['COLOR']}|a b|"
    with pytest.raises(ImageRegistryUnreachableError, match=r"//127\.0\.0\.1:1/"):
        runner.acquire_image(space, env={"WHICH": "127.0.0.1:1/other"})


def test_a_step_that_fails_is_named(tiny: Callable[..., tuple[Space, Path]], runner: Runner) -> None:
    space, _ = tiny(f"{DOCKERFILE}RUN echo no luck; exit 7\n")
    with pytest.raises(BuildError, match=r"\(RUN echo no luck; exit 7\) failed: it returned a non-zero code: 7"):
        runner.acquire_image(space)


def test_an_image_that_cannot_be_had_is_named(tiny: Callable[..., tuple[Space, Path]], runner: Runner) -> None:
    later = f"{DOCKERFILE}FROM 127.0.0.1:1/no-such:1\nCMD x\n"
    space, _ = tiny(later)
    with pytest.raises(ImageRegistryUnreachableError, match=r"FROM 127\.0\.0\.1:1/no-such:1"):
        runner.acquire_image(space)
