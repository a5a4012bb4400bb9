import time
from pathlib import Path

import pytest

from hf_spaces_runner.domain.labels import RunLabels
from hf_spaces_runner.domain.launch import LaunchSpec
from hf_spaces_runner.errors import EngineUnavailableError
from hf_spaces_runner.orchestrator.ownership import own_name
from hf_spaces_runner.orchestrator.reaper import living_containers, reap, stale_scratch
from tests.fakes.engine import FakeEngine

DEAD = own_name().rpartition(":")[0] + ":1"


def spec(name: str, *, owner: str, deadline: float | None = None) -> LaunchSpec:
    labels = RunLabels(run_id="r-1", space_id="a", owner=owner, deadline_at=deadline)
    return LaunchSpec(image="image", name=f"hfsr-{name}-r-1", labels=labels.as_labels())


def test_what_is_left_behind_goes_and_the_rest_is_returned() -> None:
    engine = FakeEngine()
    engine.make(spec("living", owner=own_name()))
    engine.make(spec("dead", owner=DEAD)).start()
    engine.make(spec("late", owner=own_name(), deadline=time.time() - 1)).start()
    assert [container.name for container in living_containers(engine)] == ["hfsr-living-r-1"]
    assert [container.name for container in engine.containers()] == ["hfsr-living-r-1"]


def test_scratch_folders_of_dead_processes_are_stale_and_those_without_an_owner(tmp_path: Path) -> None:
    assert stale_scratch(tmp_path / "none") == ()
    for name in (f"run~{own_name()}", f"run~{DEAD}", "strange"):
        (tmp_path / name).mkdir()
    assert {folder.name for folder in stale_scratch(tmp_path)} == {f"run~{DEAD}", "strange"}


def test_the_folders_go_after_the_containers(tmp_path: Path) -> None:
    engine = FakeEngine()
    engine.make(spec("dead", owner=DEAD))
    stale, living = tmp_path / f"run~{DEAD}", tmp_path / f"run~{own_name()}"
    stale.mkdir()
    living.mkdir()

    def gone() -> tuple[()]:
        raise EngineUnavailableError("it does not answer")

    containers, engine.containers = engine.containers, gone  # type: ignore[method-assign]
    with pytest.raises(EngineUnavailableError):
        reap(engine, tmp_path)
    assert stale.exists()
    engine.containers = containers  # type: ignore[method-assign]
    reap(engine, tmp_path)
    assert (engine.containers(), stale.exists(), living.exists()) == ((), False, True)
