from pathlib import Path

import pytest

from hf_spaces_runner.domain.container import ContainerState, ContainerStatus
from hf_spaces_runner.orchestrator.watch import Watch
from tests.fakes.engine import Program, started_container

GIB = 1024**3


class Disk:
    """A disk with as much room at each look as `free` says; the last figure stays."""

    def __init__(self, *free: float) -> None:
        self._free = list(free)

    def __call__(self, _: Path) -> "Disk":
        return self

    @property
    def free(self) -> float:
        return self._free.pop(0) if len(self._free) > 1 else self._free[0]


def watched(monkeypatch: pytest.MonkeyPatch, disk: Disk, *, looks: int = 4, reserve: int = GIB) -> Watch:
    """Return what a watch saw that looked so many times."""
    container = started_container(Program())
    container.engine.folder = Path("/")
    monkeypatch.setattr("shutil.disk_usage", disk)
    own = Watch(container.engine, container, disk_reserve_bytes=reserve)
    answers = iter([False] * looks + [True])
    monkeypatch.setattr(own._stopped, "wait", lambda _: next(answers))
    own.run()
    state = container.state()
    assert (state == ContainerState(status=ContainerStatus.EXITED, exit_code=137)) is (own.ended_it is not None)
    return own


def test_the_most_memory_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = watched(monkeypatch, Disk(9 * GIB))
    assert (seen.peak_memory_bytes, seen.ended_it) == (2 * 1024**2, None)


def test_a_space_that_leaves_too_little_disk_is_ended_with_the_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = watched(monkeypatch, Disk(9 * GIB, 5 * GIB, GIB // 2)).ended_it
    assert ended is not None
    assert "wrote 8.5 GiB" in ended.message
    assert "512 MiB of disk are left" in ended.message
    assert (ended.exit_code, ended.verdict) == (11, "disk_reserve")


def test_a_disk_that_was_full_before_is_not_its_doing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert watched(monkeypatch, Disk(GIB // 2)).ended_it is None
    assert watched(monkeypatch, Disk(GIB // 2, GIB // 2 - 1024)).ended_it is None


def test_without_a_reserve_nothing_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    assert watched(monkeypatch, Disk(9 * GIB, 0), reserve=0).ended_it is None


def test_it_ends_with_its_container(monkeypatch: pytest.MonkeyPatch) -> None:
    container = started_container(Program())
    container.engine.remove(container.id)
    own = Watch(container.engine, container, disk_reserve_bytes=GIB)
    monkeypatch.setattr(own._stopped, "wait", lambda _: False)
    own.run()
    assert own.peak_memory_bytes is None
