import multiprocessing
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.launch import LABEL, ContainerState, ContainerStatus, LaunchSpec
from hf_spaces_runner.domain.progress import Phase, Progress, ignore_progress
from hf_spaces_runner.errors import LaunchError, SlotTimeoutError, UsageError
from hf_spaces_runner.orchestrator.slots import Slots
from tests.fakes.engine import FakeContainer, FakeEngine, Program
from tests.fakes.file_engine import FileEngine


class Time:
    """A clock that goes on only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.wakes: list[FakeContainer] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.wakes and self.now > 1005:
            self.wakes.pop().program = Program(state=ContainerState(status=ContainerStatus.EXITED, exit_code=0))


def spec(name: str) -> LaunchSpec:
    return LaunchSpec(image="image", name=name, labels={f"{LABEL}.run": "r", f"{LABEL}.space": f"space-{name}"})


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def world(engine: FakeEngine, tmp_path: Path) -> tuple[Slots, Time]:
    own_time = Time()
    return Slots(engine, max_running=3, lock_directory=tmp_path / "locks", sleep=own_time.sleep), own_time


def start(
    slots: Slots, engine: FakeEngine, own_time: Time, name: str, stack: ExitStack, limit_s: float = 10
) -> FakeContainer:
    with slots.acquire(Deadline.after(limit_s, own_time.clock), ignore_progress):
        return stack.enter_context(engine.launch(spec(name)))


def test_three_run_at_once_without_waiting_and_a_fourth_does_not(engine: FakeEngine, world: tuple[Slots, Time]) -> None:
    slots, own_time = world
    with ExitStack() as stack:
        for name in "abc":
            start(slots, engine, own_time, name, stack)
        assert own_time.now == 1000
        with pytest.raises(SlotTimeoutError) as caught:
            start(slots, engine, own_time, "d", stack)
        assert len(engine.containers()) == 3
    message = caught.value.message
    assert message.startswith("no slot within 10 s: 3 Spaces may run at once (setting max_running), and these do: ")
    assert message.endswith("space-a (a), space-b (b), space-c (c)")
    assert own_time.now >= 1010
    assert caught.value.exit_code == 5


def test_a_slot_is_free_again_when_its_container_is_gone(engine: FakeEngine, world: tuple[Slots, Time]) -> None:
    slots, own_time = world
    for name in "abcdefgh":
        with ExitStack() as stack:
            start(slots, engine, own_time, name, stack)
    assert own_time.now == 1000


def test_who_waits_is_told_once_and_gets_the_slot_of_one_that_ended(
    engine: FakeEngine, world: tuple[Slots, Time]
) -> None:
    slots, own_time = world
    told: list[Progress] = []
    with ExitStack() as stack:
        own_time.wakes = [start(slots, engine, own_time, name, stack) for name in "abc"][:1]
        with slots.acquire(Deadline.after(60, own_time.clock), told.append):
            assert 1005 < own_time.now < 1006
    assert [(progress.phase, progress.done) for progress in told] == [(Phase.WAIT, False), (Phase.WAIT, True)]
    assert "space-a (a)" in told[0].message


def test_a_container_that_ended_and_is_still_listed_holds_no_slot(
    engine: FakeEngine, world: tuple[Slots, Time]
) -> None:
    slots, own_time = world
    with ExitStack() as stack:
        for name in "abc":
            container = start(slots, engine, own_time, name, stack)
            container.program = Program(state=ContainerState(status=ContainerStatus.EXITED, exit_code=1))
        start(slots, engine, own_time, "d", stack)
        assert own_time.now == 1000


def test_containers_of_others_hold_no_slot(engine: FakeEngine, world: tuple[Slots, Time]) -> None:
    slots, own_time = world
    with ExitStack() as stack:
        for name in "wxyz":
            stack.enter_context(engine.launch(LaunchSpec(image="image", name=name)))
        start(slots, engine, own_time, "a", stack)
        assert own_time.now == 1000


def test_a_start_that_failed_leaves_the_door_open(engine: FakeEngine, world: tuple[Slots, Time]) -> None:
    slots, own_time = world
    for failure in (LaunchError("no"), KeyboardInterrupt(), OSError("of the block")):
        with pytest.raises(type(failure)), slots.acquire(Deadline.after(10, own_time.clock), ignore_progress):
            raise failure
    with ExitStack() as stack:
        start(slots, engine, own_time, "a", stack)


def test_while_another_starts_one_the_wait_ends_with_the_deadline(engine: FakeEngine, tmp_path: Path) -> None:
    first = Slots(engine, max_running=3, lock_directory=tmp_path)
    second = Slots(engine, max_running=3, lock_directory=tmp_path)
    with first.acquire(Deadline.after(10, time.monotonic), ignore_progress):
        acquired = second.acquire(Deadline.after(0.2, time.monotonic), ignore_progress)
        with pytest.raises(SlotTimeoutError, match="another process is starting one"), acquired:
            pytest.fail("two stood in the door")


def test_a_passed_deadline_still_takes_what_is_free(engine: FakeEngine, world: tuple[Slots, Time]) -> None:
    slots, own_time = world
    with ExitStack() as stack:
        start(slots, engine, own_time, "a", stack, limit_s=0)


@pytest.mark.parametrize("place", ["file/locks", "file", "/proc/none"])
def test_a_place_where_no_lock_can_lie_is_told(engine: FakeEngine, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    slots = Slots(engine, max_running=3, lock_directory=tmp_path / place)
    acquired = slots.acquire(Deadline.after(1, time.monotonic), ignore_progress)
    with pytest.raises(UsageError, match="nothing can be written in") as caught, acquired:
        pytest.fail("there was no lock")
    assert "HFSR_HOME" in (caught.value.hint or "")


def test_labels_that_an_image_brought_are_told_safely(engine: FakeEngine, tmp_path: Path) -> None:
    own_time = Time()
    slots = Slots(engine, max_running=1, lock_directory=tmp_path, sleep=own_time.sleep)
    labels = {f"{LABEL}.run": "r", f"{LABEL}.space": "\x1b[31m" + "x" * 10_000}
    with engine.launch(LaunchSpec(image="image", name="evil", labels=labels)):
        acquired = slots.acquire(Deadline.after(1, own_time.clock), ignore_progress)
        with pytest.raises(SlotTimeoutError) as caught, acquired:
            pytest.fail("there was no slot")
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 500


def work(folder: Path, most: int, worker: int) -> None:
    """Run some containers one after another; leave a note whenever more than `most` run."""
    (folder / "running").mkdir(exist_ok=True)
    engine = FileEngine(folder / "running")
    slots = Slots(engine, max_running=most, lock_directory=folder / "locks", sleep=lambda _: time.sleep(0.001))
    for number in range(5):
        with ExitStack() as stack:
            with slots.acquire(Deadline.after(60, time.monotonic), ignore_progress):
                stack.enter_context(engine.launch(LaunchSpec(image="image", name=f"{worker}-{number}")))
            count = len(engine.containers())
            (folder / f"seen-{worker}-{number}").write_text(str(count), encoding="utf-8")
            time.sleep(0.002)


@pytest.mark.parametrize("most", [1, 2])
def test_processes_together_never_run_more_than_the_maximum(tmp_path: Path, most: int) -> None:
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=work, args=(tmp_path, most, worker)) for worker in range(3)]
    for process in workers:
        process.start()
    for process in workers:
        process.join()
    assert [process.exitcode for process in workers] == [0, 0, 0]
    seen = [int(file.read_text(encoding="utf-8")) for file in tmp_path.glob("seen-*")]
    assert len(seen) == 15
    assert max(seen) <= most
