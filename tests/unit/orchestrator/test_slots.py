import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace

import pytest

from hf_spaces_runner.domain.container import ContainerState, ContainerStatus
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.labels import DOOR, RunLabels
from hf_spaces_runner.domain.launch import LaunchSpec
from hf_spaces_runner.domain.progress import Phase, Progress, ignore_progress
from hf_spaces_runner.errors import EngineUnavailableError, LaunchError, PolicyError, SlotTimeoutError
from hf_spaces_runner.orchestrator.ownership import own_name
from hf_spaces_runner.orchestrator.slots import Slots
from tests.fakes.engine import FakeContainer, FakeEngine, Program

GIB = 1024**3
DEAD = own_name().rpartition(":")[0] + ":1"
"""This process, if it had started right after the machine."""


class World:
    """An engine, a clock that goes on only while somebody waits, and what happens meanwhile."""

    def __init__(self, *, max_running: int = 3, memory: int = 64 * GIB) -> None:
        self.engine = FakeEngine(memory_bytes=memory)
        self.engine.pause = self._pause  # type: ignore[method-assign]
        self.now = 1000.0
        self.happens: list[tuple[float, Callable[[], object]]] = []
        self.told: list[Progress] = []
        self.slots = Slots(self.engine, max_running=max_running, memory_budget_bytes=None, clock=self.clock)

    def clock(self) -> float:
        return self.now

    def _pause(self, timeout_s: float) -> None:
        self.now += timeout_s
        due = [action for at, action in self.happens if at <= self.now]
        self.happens = [(at, action) for at, action in self.happens if at > self.now]
        for action in due:
            action()

    def spec(self, name: str, *, owner: str = "", memory: int = GIB, at: float | None = None) -> LaunchSpec:
        labels = RunLabels(
            run_id=name,
            space_id=f"space-{name}",
            owner=owner or own_name(),
            user="anna",
            command="hfsr run",
            memory_bytes=memory,
            created_at=time.time() if at is None else at,
        )
        return LaunchSpec(image="image", name=f"hfsr-{name}", labels=labels.as_labels())

    @contextmanager
    def running(self, name: str, limit_s: float = 10, **labels: object) -> Iterator[FakeContainer]:
        """Start a container as soon as it may."""
        with self.engine.create(self.spec(name, **labels)) as container:  # type: ignore[arg-type]
            self.slots.start(container, Deadline.after(limit_s, self.clock), self.told.append)
            yield container

    def run(self, stack: ExitStack, names: str, **labels: object) -> list[FakeContainer]:
        return [stack.enter_context(self.running(name, **labels)) for name in names]  # type: ignore[arg-type]


def end(container: FakeContainer) -> None:
    container.program = Program(state=ContainerState(status=ContainerStatus.EXITED, exit_code=0))


def test_three_run_at_once_without_waiting_and_a_fourth_does_not() -> None:
    world = World()
    with ExitStack() as stack:
        world.run(stack, "abc")
        assert (world.now, world.told) == (1000, [])
        with pytest.raises(SlotTimeoutError) as caught:
            world.run(stack, "d")
        assert len(world.engine.containers()) == 3
    message = caught.value.message
    assert message.startswith("no slot within 10 s: 3 Spaces may run at once (setting max_running), and these do: ")
    assert "space-a (hfsr run by anna, since 0 s, 1 GiB), space-b (" in message
    assert world.now >= 1010
    assert (caught.value.exit_code, caught.value.verdict) == (5, "no_slot")


def test_a_slot_is_free_again_when_its_container_is_gone() -> None:
    world = World()
    for name in "abcdefgh":
        with world.running(name):
            pass
    assert world.now == 1000


def test_who_waits_is_told_for_whom_and_gets_the_slot_of_one_that_ended() -> None:
    world = World()
    with ExitStack() as stack:
        first, *_ = world.run(stack, "abc")
        world.happens = [(1005, lambda: end(first))]
        with world.running("d", limit_s=60):
            assert 1005 <= world.now < 1007
    assert [(progress.phase, progress.done) for progress in world.told] == [(Phase.WAIT, False), (Phase.WAIT, True)]
    assert world.told[0].message.startswith("waiting for a slot: 3 Spaces may run at once; running: space-a (hfsr run")


def test_the_news_is_told_and_nothing_else() -> None:
    world = World()
    with ExitStack() as stack:
        first, second, _ = world.run(stack, "abc")
        other = world.engine.make(world.spec("other", at=1))
        world.happens = [(1005, lambda: end(first)), (1005, other.start), (1009, lambda: end(second))]
        with world.running("d", limit_s=60):
            pass
    messages = [progress.message for progress in world.told]
    assert len(messages) == 3
    assert "; 1 came before; running: " in messages[0]
    assert "space-other" in messages[1]
    assert messages[2] == "a slot is free"


def test_one_that_ended_or_waits_holds_no_slot() -> None:
    world = World()
    with ExitStack() as stack:
        for container in world.run(stack, "abc"):
            end(container)
        world.run(stack, "d")
        assert world.now == 1000


def test_containers_of_others_hold_no_slot() -> None:
    world = World()
    with ExitStack() as stack:
        for name in "wxyz":
            world.engine.make(LaunchSpec(image="image", name=name)).start()
        world.run(stack, "abc")
        assert world.now == 1000


def test_what_dead_processes_left_holds_neither_slot_nor_turn_nor_door() -> None:
    world = World()
    for name in "abc":
        world.engine.make(world.spec(name, owner=DEAD)).start()
    world.engine.make(world.spec("waits", owner=DEAD, at=1))
    stuck = world.engine.make(world.spec("door", owner=DEAD, at=1))
    stuck.name_on_engine = DOOR
    with world.running("own"):
        assert [container.name for container in world.engine.containers()] == ["hfsr-own"]
        assert world.now < 1003


def test_one_that_does_not_take_its_turn_is_passed_over() -> None:
    world = World()
    with ExitStack() as stack:
        first, *_ = world.run(stack, "abc")
        stopped = world.engine.make(world.spec("stopped", at=1))
        world.happens = [(1005, lambda: end(first))]
        stack.enter_context(world.running("own", limit_s=60))
        assert 1006 <= world.now <= 1010
        assert not stopped.started


def test_a_door_that_nobody_leaves_is_freed() -> None:
    world = World()
    with ExitStack() as stack:
        stuck = world.engine.make(world.spec("stuck", at=1))
        stuck.name_on_engine = DOOR
        stack.enter_context(world.running("own", limit_s=600))
        assert 1100 < world.now < 1200
        assert stuck.name_on_engine == "hfsr-stuck"


def test_memory_is_waited_for() -> None:
    world = World(memory=8 * GIB)
    with ExitStack() as stack:
        first, _ = world.run(stack, "ab", memory=4 * GIB)
        with pytest.raises(SlotTimeoutError) as caught:
            world.run(stack, "c", memory=4 * GIB)
        assert (caught.value.exit_code, caught.value.verdict) == (5, "no_memory")
        assert "all Spaces together may have 8 GiB" in caught.value.message
        assert "8 GiB of 8 GiB are promised" in world.told[-1].message
        world.happens = [(world.now + 2, lambda: end(first))]
        world.run(stack, "d", memory=4 * GIB)


def test_more_memory_than_there_is_is_refused_at_once() -> None:
    world = World(memory=8 * GIB)
    with pytest.raises(PolicyError, match="9 GiB"):
        world.slots.check_ever_fits("space", 9 * GIB)
    with pytest.raises(PolicyError), world.running("a", memory=9 * GIB):
        pytest.fail("it started")
    assert (world.now, world.engine.containers()) == (1000, ())
    own = Slots(world.engine, max_running=3, memory_budget_bytes=16 * GIB)
    own.check_ever_fits("space", 9 * GIB)


def test_a_start_that_failed_leaves_the_door_open() -> None:
    world = World()
    for failure in (LaunchError("no"), KeyboardInterrupt(), OSError("of the engine")):
        with world.engine.create(world.spec("fails")) as container:

            def fail(failure: BaseException = failure) -> None:
                raise failure

            container.start = fail  # type: ignore[method-assign]
            with pytest.raises(type(failure)):
                world.slots.start(container, Deadline.after(10, world.clock), ignore_progress)
    with world.running("a"):
        assert world.now == 1000


def test_only_the_start_itself_is_surrounded() -> None:
    world = World()
    moments: list[tuple[str, list[str]]] = []

    @contextmanager
    def starting() -> Iterator[None]:
        moments.append(("before", list(world.engine.started)))
        yield
        moments.append(("after", list(world.engine.started)))

    with world.engine.create(world.spec("a")) as container:
        deadline = Deadline.after(10, world.clock)
        world.slots.start(container, deadline, ignore_progress, starting=starting)
    assert moments == [("before", []), ("after", ["hfsr-a"])]


def test_a_passed_deadline_still_takes_what_is_free() -> None:
    world = World()
    with world.running("a", limit_s=0):
        assert world.now == 1000


def test_an_engine_that_goes_ends_the_wait() -> None:
    world = World(max_running=1)
    with world.running("a"):

        def gone(timeout_s: float) -> None:
            raise EngineUnavailableError(f"it was gone within {timeout_s} s")

        world.engine.pause = gone  # type: ignore[method-assign]
        with pytest.raises(EngineUnavailableError), world.running("b"):
            pytest.fail("it started")


def test_one_that_was_removed_while_it_waited_ends() -> None:
    world = World(max_running=1)
    with world.running("a"):
        world.happens = [(1003, lambda: world.engine.remove("hfsr-b"))]
        with pytest.raises(LaunchError) as caught, world.running("b"):
            pytest.fail("it started")
    assert caught.value.verdict == "container_removed"


def test_labels_that_an_image_brought_are_told_safely() -> None:
    world = World(max_running=1)
    spec = world.spec("evil")
    evil = replace(RunLabels.read(spec.labels), space_id="\x1b[31m" + "x" * 10_000, user="\x1b]0;x\x07\u202e")
    world.engine.make(replace(spec, labels=evil.as_labels())).start()
    with pytest.raises(SlotTimeoutError) as caught, world.running("a"):
        pytest.fail("there was no slot")
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 500


def test_an_engine_that_cannot_remove_what_is_left_behind_stops_nobody() -> None:
    world = World()
    world.engine.make(world.spec("left", owner=DEAD)).start()

    def refuse(name: str) -> None:
        raise LaunchError(f"{name}: device or resource busy")

    remove, world.engine.remove = world.engine.remove, refuse  # type: ignore[method-assign]
    with suppress(LaunchError), world.running("a"):
        world.engine.remove = remove  # type: ignore[method-assign]
        assert world.now == 1000
        assert len(world.engine.containers()) == 2
