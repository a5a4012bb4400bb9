"""The direct profile: calls go straight to the function, and no share link comes of it, however an app asks for one."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace

import docker
import httpx
import pytest

from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.image import Image
from hf_spaces_runner.domain.launch import LaunchProfile, LaunchSpec
from hf_spaces_runner.domain.progress import ignore_progress
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.errors import ContainerExitedError
from hf_spaces_runner.orchestrator.docker_engine import DockerEngine
from hf_spaces_runner.orchestrator.ownership import own_name
from hf_spaces_runner.orchestrator.readiness import wait_until_ready
from hf_spaces_runner.planning.launch_policy import SHARE_HOST, TUNNEL_HOST, LaunchDefaults, RunIdentity, plan_launch
from hf_spaces_runner.planning.launch_profile import needs_hub_profile
from hf_spaces_runner.runner import Runner
from tests.engine.apps import app_source
from tests.engine.images import OWNER_LABEL, TEST_LABEL

pytestmark = pytest.mark.engine

DIRECT, HUB = LaunchProfile.DIRECT, LaunchProfile.HUB
DEFAULTS = LaunchDefaults(memory_bytes=1024**3, cpus=None, pids_limit=512, hf_cache="none")


class Started:
    """An app on Gradio 5.49.1 that answers at `url`."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=90, trust_env=False)

    def config(self) -> dict[str, object]:
        return dict(self._http.get("/config").raise_for_status().json())

    def post(self, endpoint: str, *data: object) -> httpx.Response:
        """Return what Gradio answers for `endpoint`, called without the queue."""
        return self._http.post(f"/gradio_api/run/{endpoint}", json={"data": data})

    def run(self, endpoint: str, *data: object) -> str:
        """Return the first output of `endpoint`, called without the queue."""
        return str(self.post(endpoint, *data).raise_for_status().json()["data"][0])

    def close(self) -> None:
        self._http.close()


Start = Callable[..., AbstractContextManager[Started]]


@pytest.fixture(scope="module")
def image_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Space, Image]]:
    """Build the app of a folder below tests/gradio_apps, unless it is built already."""
    folder = tmp_path_factory.mktemp("profiles")
    runner = Runner(settings={}, environment={"HFSR_HOME": str(folder / "home")})

    def build(app: str) -> tuple[Space, Image]:
        source = app_source(app, "5.49.1", folder)
        space = Space(id=app, docker_image=f"hf-spaces-runner-test/{app}", source=source)
        return space, runner.acquire_image(space)

    return build


@pytest.fixture
def start(docker_client: docker.DockerClient, image_of: Callable[[str], tuple[Space, Image]]) -> Start:
    """Return what starts an app in a profile, with variables of the user's, and `change` made to its launch spec."""

    @contextmanager
    def started(
        profile: LaunchProfile,
        variables: Mapping[str, str] | None = None,
        *,
        app: str = "shares",
        change: Callable[[LaunchSpec], LaunchSpec] = lambda spec: spec,
    ) -> Iterator[Started]:
        space, image = image_of(app)
        identity = RunIdentity(run_id=f"tests-{time.time_ns():x}", owner=own_name())
        request = Request(space=space.id, environment=variables or {})
        spec = change(plan_launch(space, request, DEFAULTS, identity, profile=profile))
        labels = {TEST_LABEL: "launch profile", OWNER_LABEL: own_name()}
        with DockerEngine(docker_client).create(replace(spec, image=image.reference, labels=labels)) as container:
            container.start()
            wait_until_ready(container, Deadline.after(120, time.monotonic), ignore_progress)
            with closing(Started(f"http://127.0.0.1:{container.port}")) as answering:
                yield answering

    return started


@pytest.mark.parametrize(
    ("variables", "hosts"),
    [
        ({"SHARE_BY": "argument"}, [SHARE_HOST]),
        ({"GRADIO_SHARE": "True"}, [SHARE_HOST]),
        ({"SHARE_BY": "server"}, [TUNNEL_HOST]),
        ({"SHARE_BY": "argument", "GRADIO_SHARE_SERVER_ADDRESS": "tunnels.invalid:7000"}, [TUNNEL_HOST]),
        ({}, []),
    ],
)
def test_however_it_asks_to_share_it_is_led_to_itself_and_no_link_is_made(
    start: Start, variables: dict[str, str], hosts: list[str]
) -> None:
    with start(DIRECT, variables) as app:
        assert json.loads(app.run("tunnel")) == {"launched": True, "shares": False, "url": None, "knocked": hosts}


def test_what_keeps_it_from_sharing_are_the_hosts(start: Start) -> None:
    # The same app in the same profile, but for the hosts: it asks elsewhere, so the tests above see what they should.
    def with_other_hosts(spec: LaunchSpec) -> LaunchSpec:
        return replace(spec, extra_hosts=dict.fromkeys(spec.extra_hosts, "127.0.0.9"))

    with start(DIRECT, {"SHARE_BY": "argument"}, change=with_other_hosts) as app:
        assert json.loads(app.run("tunnel")) == {"launched": True, "shares": False, "url": None, "knocked": []}


def test_queued_functions_are_called_directly_and_only_in_the_direct_profile(start: Start) -> None:
    with start(DIRECT) as app:
        config = app.config()
        assert config["space_id"] is None
        assert app.run("echo", "straight") == "straight"
    with start(HUB) as app:
        config = app.config()
        assert config["space_id"] == "local/shares"
        assert app.post("echo", "straight").status_code == httpx.codes.NOT_FOUND


def test_an_image_that_believes_to_be_on_the_hub_does_not_believe_it_any_more(start: Start) -> None:
    with start(DIRECT, {"GRADIO_DEFAULT_CONCURRENCY_LIMIT": "3"}) as app:
        variables = json.loads(app.run("variables"))
    assert variables["SYSTEM"] == ""
    assert "SPACE_ID" not in variables
    assert (variables["SPACE_REPO_NAME"], variables["GRADIO_DEFAULT_CONCURRENCY_LIMIT"]) == ("shares", "3")


@pytest.mark.parametrize(("app", "variables"), [("shares", {"WANTS_SPACE_ID": "yes"}), ("oauth", {})])
def test_an_app_that_needs_the_hub_is_known_by_its_log_and_starts_as_on_the_hub(
    start: Start, app: str, variables: dict[str, str]
) -> None:
    with pytest.raises(ContainerExitedError) as failed, start(DIRECT, variables, app=app):
        pass
    assert failed.value.evidence is not None
    assert needs_hub_profile(failed.value.evidence.log)
    with start(HUB, variables, app=app) as started:
        assert started.config()


def test_an_app_with_a_login_of_its_own_keeps_it(start: Start) -> None:
    with start(DIRECT, app="login") as app:
        assert app.post("greet", "Bob").status_code == httpx.codes.UNAUTHORIZED
