"""Two worlds for one suite: an engine in memory, and Docker's with a small image of our own."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import docker
import pytest

from hf_spaces_runner.domain.container import ContainerState, ContainerStatus
from hf_spaces_runner.domain.labels import LABEL, RunLabels
from hf_spaces_runner.domain.launch import LaunchSpec
from hf_spaces_runner.domain.progress import ignore_progress
from hf_spaces_runner.domain.settings import Settings
from hf_spaces_runner.images.acquire import Images
from hf_spaces_runner.orchestrator.docker_engine import DockerEngine
from hf_spaces_runner.orchestrator.engine import Container, Engine
from hf_spaces_runner.orchestrator.ownership import own_name
from tests.engine.images import script_image
from tests.fakes.engine import FakeEngine, Program

SERVE = """\
import http.server, json

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"dependencies": []}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

print("serving", flush=True)
http.server.HTTPServer(("0.0.0.0", 7860), Handler).serve_forever()
"""
ENDS = ("python3", "-c", "import os; print('first'); print(os.environ.get('TOKEN', 'last')); raise SystemExit(3)")


@pytest.fixture(scope="session")
def docker_client() -> Iterator[docker.DockerClient]:
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture(scope="session")
def server_image(docker_client: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Build an image whose command is a small server that answers as Gradio does."""
    images = Images(docker_client, lock_directory=tmp_path_factory.mktemp("locks"))
    base = images.acquire_base(Settings().base_image, "3.11", ignore_progress)
    tag = script_image(docker_client, f"contract-{uuid.uuid4().hex[:8]}", SERVE, base=base)
    yield tag
    docker_client.images.remove(tag, force=True)


@dataclass(frozen=True, kw_only=True)
class World:
    """An engine, and a spec of a container that it can start; `ends` prints two lines and exits with 3."""

    engine: Engine
    spec: LaunchSpec
    ends: tuple[str, ...] = ENDS

    def spec_with(self, **changes: object) -> LaunchSpec:
        return replace(self.spec, **changes)  # type: ignore[arg-type]

    def names(self) -> list[str]:
        """Return the names of the containers of this test that the engine knows."""
        return [listed.name for listed in self.engine.containers() if listed.labels.run_id == self.run_id]

    @contextmanager
    def launch(self, spec: LaunchSpec) -> Iterator[Container]:
        """Make a container and start it."""
        with self.engine.create(spec) as container:
            container.start()
            yield container

    @property
    def run_id(self) -> str:
        return self.spec.labels[f"{LABEL}.run"]


@pytest.fixture
def fake_world() -> World:
    ended = Program(log="first\nlast\n", state=ContainerState(status=ContainerStatus.EXITED, exit_code=3))
    engine = FakeEngine({"server": {None: Program(log="serving\n"), ENDS: ended}})
    return World(engine=engine, spec=_spec("server"))


@pytest.fixture
def docker_world(docker_client: docker.DockerClient, server_image: str) -> Iterator[World]:
    world = World(engine=DockerEngine(docker_client), spec=_spec(server_image))
    yield world
    for name in world.names():
        world.engine.remove(name)


@pytest.fixture(params=["fake", pytest.param("docker", marks=pytest.mark.engine)])
def world(request: pytest.FixtureRequest) -> World:
    own: World = request.getfixturevalue(f"{request.param}_world")
    return own


def _spec(image: str) -> LaunchSpec:
    run_id = f"test-{uuid.uuid4().hex[:8]}"
    labels = RunLabels(run_id=run_id, space_id="contract", owner=own_name(), created_at=time.time())
    return LaunchSpec(image=image, name=f"hfsr-contract-{run_id}", labels=labels.as_labels())
