"""How a container's worker says what memory it takes: at once, however long the engine needs for it."""

import threading
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from hf_spaces_runner.batch.space_worker import SpaceWorker
from hf_spaces_runner.domain.container import MemoryUse
from hf_spaces_runner.errors import LaunchError
from tests.unit.result_cache.test_call_key import CANDIDATE, IMAGE

CAP = CANDIDATE.launch_spec.memory_bytes
NOBODY: Any = None


@dataclass
class SlowContainer:
    """Says what it takes once it may; `gone` where it has ended meanwhile."""

    gone: bool = False
    may_answer: threading.Event = field(default_factory=threading.Event)
    asked: int = 0

    def memory(self) -> MemoryUse:
        self.asked += 1
        assert self.may_answer.wait(30)
        if self.gone:
            raise LaunchError("it is gone", verdict="gone")
        return MemoryUse(now_bytes=CAP // 2, peak_bytes=CAP)


def worker_of(container: SlowContainer) -> SpaceWorker:
    worker = SpaceWorker(NOBODY, NOBODY, CANDIDATE, IMAGE, 1, concurrency=1, desk=NOBODY)
    ready: Any = SimpleNamespace(container=container)
    worker._ready = ready
    return worker


def wait_for_answer(worker: SpaceWorker) -> None:
    for thread in threading.enumerate():
        if thread.name == f"{worker.name}-memory":
            thread.join(30)


def test_it_does_not_wait_for_the_engine_and_asks_it_once_at_a_time() -> None:
    container = SlowContainer()
    worker = worker_of(container)
    assert [worker.memory_share() for _ in range(3)] == [0.0] * 3
    container.may_answer.set()
    wait_for_answer(worker)
    assert container.asked == 1
    assert worker.memory_share() == 0.5


def test_after_a_failure_it_is_asked_again() -> None:
    container = SlowContainer(gone=True)
    container.may_answer.set()
    worker = worker_of(container)
    assert worker.memory_share() == 0.0
    wait_for_answer(worker)
    container.gone = False
    worker.memory_share()
    wait_for_answer(worker)
    assert worker.memory_share() == 0.5


def test_nobody_asks_for_one_that_was_not_started() -> None:
    worker = SpaceWorker(NOBODY, NOBODY, CANDIDATE, IMAGE, 1, concurrency=1, desk=NOBODY)
    assert worker.memory_share() == 0.0
    wait_for_answer(worker)
    assert worker.memory_share() == 0.0
