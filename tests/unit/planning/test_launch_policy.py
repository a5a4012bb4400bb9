from dataclasses import replace

import pytest

from hf_spaces_runner.domain.image import Image
from hf_spaces_runner.domain.labels import RunLabels
from hf_spaces_runner.domain.launch import LaunchProfile, Network
from hf_spaces_runner.domain.request import Limits, Request
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.domain.space import Sdk, Space
from hf_spaces_runner.planning.launch_policy import (
    at_creation,
    default_command,
    for_image,
    plan_launch,
)
from tests.unit.planning.samples import IDENTITY, LAUNCH_DEFAULTS, SPACE

REQUEST = Request(space="clip")
PYTHON_APP = ("python", "app.py")


def test_a_container_is_hardened_without_being_asked() -> None:
    spec = plan_launch(SPACE, REQUEST, LAUNCH_DEFAULTS, IDENTITY)
    assert (spec.cap_add, spec.host_port, spec.gpus) == ((), None, None)
    assert (spec.memory_bytes, spec.pids_limit) == (2 * 1024**3, 512)
    assert spec.extra_hosts == {"api.gradio.app": "127.0.0.1"}
    assert spec.platform == "linux/amd64"
    (cache,) = spec.volumes
    assert spec.environment["HF_HOME"] == f"{cache.target}/{cache.open_directory}"


def test_nothing_of_the_host_is_in_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_TOKEN", "HTTP_PROXY", "HOME", "PATH"):
        monkeypatch.setenv(name, "of-the-host")
    spec = plan_launch(SPACE, REQUEST, LAUNCH_DEFAULTS, IDENTITY)
    assert "of-the-host" not in spec.environment.values()
    assert not set(spec.environment) & {"HF_TOKEN", "PATH", "HOME", "HTTP_PROXY", "http_proxy"}


def test_the_labels_say_whose_it_is_and_for_how_long() -> None:
    request = replace(REQUEST, secrets={"HF_TOKEN": Secret("hf_x")})
    spec = plan_launch(SPACE, request, LAUNCH_DEFAULTS, IDENTITY)
    labels = RunLabels.read(at_creation(spec, now=1000.5, lifetime_s=60, idle_stop_s=9).labels)
    assert labels == RunLabels(
        run_id=IDENTITY.run_id,
        space_id="clip",
        owner="host:boot:1:1:1",
        user="anna",
        command="hfsr run",
        created_at=1000.5,
        deadline_at=1060.5,
        memory_bytes=2 * 1024**3,
        network="open",
        profile="hub",
        idle_stop_s=9,
        secrets=("HF_TOKEN",),
    )
    assert "hf_x" not in str(spec.labels)
    assert RunLabels.read(at_creation(spec, now=1, lifetime_s=None).labels).deadline_at is None


def test_unless_it_is_asked_for_a_space_runs_as_on_the_hub() -> None:
    spec = plan_launch(SPACE, REQUEST, LAUNCH_DEFAULTS, IDENTITY)
    assert spec.profile is LaunchProfile.HUB
    assert (spec.environment["SYSTEM"], spec.environment["SPACE_ID"]) == ("spaces", "OpenAI/Clip")
    assert "GRADIO_SHARE" not in spec.environment


def test_in_the_direct_profile_a_space_is_not_on_the_hub_and_cannot_share() -> None:
    on_hub = plan_launch(SPACE, REQUEST, LAUNCH_DEFAULTS, IDENTITY)
    spec = plan_launch(SPACE, REQUEST, LAUNCH_DEFAULTS, IDENTITY, profile=LaunchProfile.DIRECT)
    assert spec.extra_hosts == {"api.gradio.app": "127.0.0.1", "cdn-media.huggingface.co": "127.0.0.1"}
    assert set(on_hub.environment.items()) - set(spec.environment.items()) == {
        ("SYSTEM", "spaces"),
        ("SPACE_ID", "OpenAI/Clip"),
    }
    assert set(spec.environment.items()) - set(on_hub.environment.items()) == {
        ("SYSTEM", ""),
        ("GRADIO_SHARE", "False"),
    }
    changed = {"environment": on_hub.environment, "extra_hosts": on_hub.extra_hosts, "labels": on_hub.labels}
    assert replace(spec, profile=on_hub.profile, **changed) == on_hub  # type: ignore[arg-type]


@pytest.mark.parametrize("profile", LaunchProfile)
def test_the_profile_of_a_container_stands_in_its_labels(profile: LaunchProfile) -> None:
    spec = plan_launch(SPACE, REQUEST, LAUNCH_DEFAULTS, IDENTITY, profile=profile)
    assert RunLabels.read(at_creation(spec, now=1, lifetime_s=None).labels).profile == profile


def test_variables_of_the_user_win_over_the_profile() -> None:
    asked = replace(REQUEST, environment={"SPACE_ID": "me/mine", "GRADIO_DEFAULT_CONCURRENCY_LIMIT": "4"})
    spec = plan_launch(SPACE, asked, LAUNCH_DEFAULTS, IDENTITY, profile=LaunchProfile.DIRECT)
    assert (spec.environment["SPACE_ID"], spec.environment["SYSTEM"]) == ("me/mine", "")
    assert spec.environment["GRADIO_DEFAULT_CONCURRENCY_LIMIT"] == "4"


def test_an_isolated_space_is_told_that_it_is_offline() -> None:
    isolated = plan_launch(SPACE, replace(REQUEST, network=Network.ISOLATED), LAUNCH_DEFAULTS, IDENTITY)
    assert isolated.network is Network.ISOLATED
    assert isolated.environment["HF_HUB_OFFLINE"] == "1"
    for network in (Network.OPEN, Network.WARM_ONLINE):
        spec = plan_launch(SPACE, replace(REQUEST, network=network), LAUNCH_DEFAULTS, IDENTITY)
        assert spec.network is network
        assert "HF_HUB_OFFLINE" not in spec.environment
    by_setting = plan_launch(SPACE, REQUEST, replace(LAUNCH_DEFAULTS, network=Network.ISOLATED), IDENTITY)
    assert by_setting.network is Network.ISOLATED


def test_privacy_is_isolated_writes_no_log_and_nothing_into_the_cache() -> None:
    spec = plan_launch(SPACE, replace(REQUEST, privacy=True), LAUNCH_DEFAULTS, IDENTITY)
    assert (spec.network, spec.keeps_log) == (Network.ISOLATED, False)
    assert [volume.read_only for volume in spec.volumes] == [True]
    assert RunLabels.read(spec.labels).privacy
    plain = plan_launch(SPACE, REQUEST, LAUNCH_DEFAULTS, IDENTITY)
    assert plain.keeps_log
    assert [volume.read_only for volume in plain.volumes] == [False]


def test_below_a_read_only_root_the_folder_of_the_app_is_a_copy() -> None:
    image = Image(id="1", reference="image", working_directory="/home/user/app")
    spec = plan_launch(SPACE, replace(REQUEST, read_only=True), LAUNCH_DEFAULTS, IDENTITY)
    assert for_image(spec, image, None).copied_folders == ("/home/user/app",)
    for folder in ("", "/", "/tmp"):  # noqa: S108 - the container's
        assert for_image(spec, replace(image, working_directory=folder), None).copied_folders == ()
    assert for_image(plan_launch(SPACE, REQUEST, LAUNCH_DEFAULTS, IDENTITY), image, None).copied_folders == ()


def test_the_request_wins_over_the_entry_and_the_entry_over_the_defaults() -> None:
    space = replace(SPACE, memory_bytes=3, env={"A": "entry", "B": "entry", "SYSTEM": "entry"})
    defaults = replace(LAUNCH_DEFAULTS, memory_bytes=1, cpus=1.0)
    plain = plan_launch(space, REQUEST, defaults, IDENTITY)
    assert (plain.memory_bytes, plain.cpus) == (3, 1.0)
    assert (plain.environment["A"], plain.environment["SYSTEM"]) == ("entry", "entry")
    asked = replace(
        REQUEST,
        limits=Limits(memory_bytes=5, cpus=2.5, gpus="all"),
        environment={"A": "asked", "C": "asked"},
        secrets={"C": Secret("hidden")},
    )
    spec = plan_launch(space, asked, defaults, IDENTITY)
    assert (spec.memory_bytes, spec.cpus, spec.gpus) == (5, 2.5, "all")
    assert (spec.environment["A"], spec.environment["B"]) == ("asked", "entry")
    assert isinstance(spec.environment["C"], Secret)
    assert "hidden" not in repr(spec)


@pytest.mark.parametrize(
    "space_id", ["A.B", "x" * 100, "Ünï".encode("ascii", "replace").decode(), "---", "a_b/c d", "\x1b[31m"]
)
def test_the_name_is_one_that_the_engine_takes(space_id: str) -> None:
    spec = plan_launch(replace(SPACE, id=space_id), REQUEST, LAUNCH_DEFAULTS, IDENTITY)
    for name in (spec.name, spec.volumes[0].name):
        assert name.isascii()
        assert name.replace("-", "").isalnum()
        assert len(name) < 128


def test_a_read_only_root_comes_with_what_a_space_needs_to_write_to() -> None:
    spec = plan_launch(SPACE, replace(REQUEST, read_only=True), LAUNCH_DEFAULTS, IDENTITY)
    assert spec.read_only
    assert set(spec.tmpfs) == {"/tmp"}  # noqa: S108 - the container's
    assert spec.environment["HOME"] == "/tmp"  # noqa: S108
    assert not plan_launch(SPACE, REQUEST, LAUNCH_DEFAULTS, IDENTITY).tmpfs


@pytest.mark.parametrize("space_id", [None, "openai/clip"])
def test_model_caches_are_apart_unless_they_are_to_be_shared(space_id: str | None) -> None:
    def cache(space: Space, hf_cache: str = "per-space") -> str | None:
        spec = plan_launch(space, REQUEST, replace(LAUNCH_DEFAULTS, hf_cache=hf_cache), IDENTITY)
        assert ("HF_HOME" in spec.environment) == bool(spec.volumes)
        return spec.volumes[0].name if spec.volumes else None

    trusted = replace(SPACE, id="clip", space_id=space_id)
    same_name = replace(trusted, docker_image="evil.example/clip:latest")
    same_slug = replace(trusted, id="CLIP.")
    newer = replace(trusted, docker_image="registry.hf.space/openai-clip@sha256:" + "a" * 64)
    assert cache(trusted) == cache(newer)
    assert len({cache(trusted), cache(same_name), cache(same_slug)}) == 3
    assert cache(trusted, "shared") == cache(same_name, "shared") == "hf-spaces-runner-cache"
    assert cache(trusted, "none") is None


def test_gradio_spaces_have_a_default_command_and_others_have_none() -> None:
    assert default_command(replace(SPACE, app_file="src/main.py")) == ("python", "src/main.py")
    assert default_command(replace(SPACE, sdk=Sdk.DOCKER)) is None


@pytest.mark.parametrize(
    ("entrypoint", "command", "expected"),
    [
        ((), (), PYTHON_APP),
        ((), ("python3",), PYTHON_APP),
        ((), ("python",), PYTHON_APP),
        ((), ("/bin/bash",), PYTHON_APP),
        ((), ("python", "other.py"), None),
        ((), ("uvicorn", "app:app"), None),
        (("/start",), (), None),
        (("/start",), ("python3",), None),
    ],
)
def test_the_default_command_is_given_where_the_image_has_no_useful_one(
    entrypoint: tuple[str, ...], command: tuple[str, ...], expected: tuple[str, ...] | None
) -> None:
    spec = plan_launch(SPACE, REQUEST, LAUNCH_DEFAULTS, IDENTITY)
    image = Image(id="sha256:1", reference="here:1", entrypoint=entrypoint, command=command)
    assert (for_image(spec, image, PYTHON_APP).command, for_image(spec, image, None).command) == (expected, None)
    assert for_image(spec, image, PYTHON_APP).image == "here:1"
