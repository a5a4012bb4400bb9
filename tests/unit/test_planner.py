"""What a plan is made from: in privacy nobody is asked for a base image either; hardware wins over the settings."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from hf_spaces_runner.domain.hardware import Machine
from hf_spaces_runner.domain.launch import LaunchSpec
from hf_spaces_runner.domain.progress import ProgressCallback, ignore_progress
from hf_spaces_runner.domain.request import Limits, PullPolicy, Request
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.errors import EngineUnavailableError
from hf_spaces_runner.known_spaces import KnownSpaces
from hf_spaces_runner.planner import Planner
from hf_spaces_runner.registry.snapshot import Snapshots
from hf_spaces_runner.settings import load_settings

GB = 1024**3
MACHINE = Machine(cpus=16, memory_bytes=30 * GB, gives_gpus=True)


class Images:
    """An engine without any image."""

    def __init__(self) -> None:
        self.wanted: list[str] = []

    def local_base(self, _setting: str, _version: str) -> None:
        return None

    def acquire_base(self, setting: str, version: str, _on_progress: object) -> str:
        self.wanted.append(version)
        return setting.replace("{python_version}", version)


@pytest.mark.parametrize(("privacy", "wanted"), [(True, []), (False, ["3.12"])])
def test_in_privacy_no_base_image_is_got(tmp_path: Path, privacy: bool, wanted: list[str]) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "README.md").write_text("---\nsdk: gradio\nsdk_version: 5.49.1\npython_version: '3.12'\n---\n")
    (source / "app.py").touch()
    environment = {"HFSR_HOME": str(tmp_path / "home")}
    settings, images = load_settings(environment), Images()
    fake: Any = images
    planner = Planner(
        settings,
        Snapshots(tmp_path / "snapshots"),
        known=KnownSpaces(settings, environment),
        images=lambda: fake,
        machine=lambda: MACHINE,
        on_progress=ignore_progress,
        command="test",
    )
    space = Space(id="own", docker_image="hf-spaces-runner-test/own", source=source)
    request = Request(space="own", privacy=privacy)
    (candidate,) = planner.plan_for(space, request, planner.new_run(), builds=True).candidates
    assert images.wanted == wanted
    assert candidate.image.build is not None
    assert candidate.image.build.base_image == "python:3.12-slim"
    assert candidate.pull is (PullPolicy.NEVER if privacy else PullPolicy.MISSING)


@pytest.mark.parametrize(
    ("asked", "suggested", "memory_gb", "cpus", "gpus", "accelerator"),
    [
        (None, None, 2, None, None, "none"),
        ("cpu-basic", None, 16, 2.0, None, "none"),
        ("t4-small", "cpu-basic", 15, 4.0, "1", "t4-small"),
        (None, "cpu-basic", 9, 2.0, None, "none"),
        (None, "something-new", 2, None, None, "none"),
    ],
)
def test_hardware_decides_over_the_settings(
    tmp_path: Path,
    asked: str | None,
    suggested: str | None,
    memory_gb: int,
    cpus: float | None,
    gpus: str | None,
    accelerator: str,
) -> None:
    spec = launched(tmp_path, Request(space="own", limits=Limits(hardware=asked)), suggested)
    assert (spec.memory_bytes, spec.cpus, spec.gpus) == (memory_gb * GB, cpus, gpus)
    assert spec.environment["MEMORY"] == f"{memory_gb}Gi"
    assert spec.environment["CPU_CORES"] == f"{cpus or 2:g}"
    assert spec.environment["ACCELERATOR"] == accelerator


def test_what_is_said_in_numbers_wins_over_hardware(tmp_path: Path) -> None:
    limits = Limits(hardware="t4-small", memory_bytes=4 * GB, cpus=1.5, gpus="all")
    spec = launched(tmp_path, Request(space="own", limits=limits), None)
    assert (spec.memory_bytes, spec.cpus, spec.gpus) == (4 * GB, 1.5, "all")


def test_a_space_that_suggests_more_than_there_is_says_so_once(tmp_path: Path) -> None:
    said: list[str] = []
    planner, space = planning(tmp_path, "a100-large", lambda progress: said.append(progress.message))
    for _ in range(2):
        planner.plan_for(space, Request(space="own"), planner.new_run(), builds=True)
    assert said == ["own suggests a100-large, and gets less: it wants 142 GiB of memory, 133 GiB more than there is"]


def test_without_an_engine_a_plan_is_made_all_the_same(tmp_path: Path) -> None:
    def no_engine() -> Machine:
        raise EngineUnavailableError("no engine")

    planner, space = planning(tmp_path, "cpu-basic", machine=no_engine)
    (candidate,) = planner.plan_for(space, Request(space="own"), planner.new_run(), builds=False).candidates
    assert candidate.launch_spec.memory_bytes == 2 * GB
    with pytest.raises(EngineUnavailableError):
        planner.plan_for(space, Request(space="own"), planner.new_run(), builds=True)


def planning(
    tmp_path: Path,
    suggested: str | None,
    on_progress: ProgressCallback = ignore_progress,
    machine: Callable[[], Machine] = lambda: MACHINE,
) -> tuple[Planner, Space]:
    environment = {"HFSR_HOME": str(tmp_path / "home")}
    settings, images = load_settings(environment), cast("Any", Images())
    planner = Planner(
        settings,
        Snapshots(tmp_path / "snapshots"),
        known=KnownSpaces(settings, environment),
        images=lambda: images,
        machine=machine,
        on_progress=on_progress,
        command="test",
    )
    return planner, Space(id="own", docker_image="hf-spaces-runner-test/own", hardware=suggested)


def launched(tmp_path: Path, request: Request, suggested: str | None) -> LaunchSpec:
    planner, space = planning(tmp_path, suggested)
    (candidate,) = planner.plan_for(space, request, planner.new_run(), builds=True).candidates
    return candidate.launch_spec
