import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.batch.pool import Known, Pool, backoff
from hf_spaces_runner.batch.pool_state import Phase
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.item import Item, ItemResult
from hf_spaces_runner.domain.result import Status
from hf_spaces_runner.errors import (
    CallError,
    CallTimeoutError,
    ContainerExitedError,
    EngineUnavailableError,
    ImageNotFoundError,
    MemoryExceededError,
    SpaceFailedError,
)
from hf_spaces_runner.planning.pool_policy import BARREN_CONTAINERS, FailureLimit, PoolRules, Stop
from tests.unit.batch.fake_space import OK, FakeContainer, FakeSpace, item, items

if TYPE_CHECKING:
    from hf_spaces_runner.batch.worker import Worker

ONE = PoolRules(max_containers=1)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("hfsr-batch")] == []


def until(holds: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    while not holds():
        threading.Event().wait(0.001)


def make_pool(space: FakeSpace, rules: PoolRules = ONE, **more: object) -> Pool:
    return Pool(space, rules, backoff=lambda failures: 0.0, **more)  # type: ignore[arg-type]  # noqa: ARG005


def results_of(pool: Pool, entries: Iterable[Item | Known]) -> dict[str, ItemResult]:
    found: dict[str, ItemResult] = {}
    with pool.run(entries) as results:
        for done, result in results:
            assert isinstance(result, ItemResult)
            assert done.id not in found
            found[done.id] = result
    return found


def results_before(error: type[Exception], pool: Pool, entries: Iterable[Item | Known]) -> list[str]:
    """Return the ids of what was handed out before the batch ended with `error`."""
    found: list[str] = []

    def take_all() -> None:
        with pool.run(entries) as results:
            found.extend(done.id for done, _ in results)

    with pytest.raises(error):
        take_all()
    return found


def verdicts(found: dict[str, ItemResult]) -> Counter[str]:
    return Counter(result.verdict or result.status for result in found.values())


def test_a_fake_is_a_worker() -> None:
    worker: Worker = FakeSpace()()
    assert worker.name == "hfsr-fake-0"


# Items go in, results come out.


@given(
    count=st.integers(0, 60),
    concurrency=st.integers(1, 4),
    containers=st.integers(1, 3),
    most_waiting=st.integers(1, 8),
    most_ahead=st.integers(1, 20),
    deadly=st.sets(st.integers(0, 60), max_size=3),
)
def test_each_item_comes_out_once(
    count: int, concurrency: int, containers: int, most_waiting: int, most_ahead: int, deadly: set[int]
) -> None:
    def answer(container: FakeContainer, asked: Item) -> ItemResult:
        if asked.index in deadly:
            raise container.die()
        return OK

    space = FakeSpace(answer)
    space.concurrency = concurrency
    rules = PoolRules(max_containers=containers, most_waiting=most_waiting, most_ahead=most_ahead)
    found = results_of(make_pool(space, rules), items(count))
    assert set(found) == {f"i{index}" for index in range(count)}
    poison = {key for key, result in found.items() if result.verdict == "poison"}
    assert poison == {f"i{index}" for index in deadly if index < count}
    assert all(result is OK for key, result in found.items() if key not in poison)
    assert not space.live
    assert space.most_live <= containers


def test_without_items_nothing_is_started() -> None:
    space = FakeSpace()
    assert results_of(make_pool(space), []) == {}
    assert space.made == []


def test_as_many_calls_as_the_container_takes_run_together() -> None:
    meeting = threading.Barrier(4)

    def answer(container: FakeContainer, asked: Item) -> ItemResult:
        del container, asked
        meeting.wait(60)  # breaks unless four are here at the same time
        return OK

    space = FakeSpace(answer)
    space.concurrency = 4
    assert len(results_of(make_pool(space), items(40))) == 40
    assert space.starts == 1


def test_few_items_are_in_memory_however_many_there_are() -> None:
    read = 0

    def source() -> Iterator[Item]:
        nonlocal read
        for index in range(20_000):
            read += 1
            yield item(index)

    handed_out = 0
    most = 0
    pool = make_pool(FakeSpace(), PoolRules(max_containers=1, most_waiting=10))
    with pool.run(source()) as results:
        for _ in results:
            handed_out += 1
            most = max(most, read - handed_out)
            if handed_out < 200:
                until(lambda: pool.state().waiting == 0)  # all are answered, and we are slow to take them
    assert handed_out == 20_000
    assert most <= 21


def test_nothing_is_begun_far_ahead_of_the_oldest_that_is_not_finished() -> None:
    release = threading.Event()

    def answer(container: FakeContainer, asked: Item) -> ItemResult:
        del container
        if asked.index == 0:
            assert release.wait(60)
        return OK

    space = FakeSpace(answer)
    space.concurrency = 2
    with make_pool(space, PoolRules(max_containers=1, most_ahead=10)).run(items(100)) as results:
        first = {next(results)[0].index for _ in range(9)}
        assert first == set(range(1, 10))
        assert set(space.begun) == {f"i{index}" for index in range(10)}
        release.set()
        assert {done.index for done, _ in results} == {0, *range(10, 100)}


def test_what_is_finished_comes_before_a_source_that_takes_its_time_is_read_on() -> None:
    handed_out: list[int] = []
    clock = Clock()

    def source() -> Iterator[Item]:
        yield item(0)
        until(lambda: pool.state().done == 1)  # it is answered while the source still looks for the next one
        clock.now += 1.0
        yield item(1)
        assert handed_out == [0]
        yield item(2)

    pool = make_pool(FakeSpace(), clock=clock)
    with pool.run(source()) as results:
        for done, _ in results:
            handed_out.append(done.index)
    assert handed_out == [0, 1, 2]


def test_broken_items_fail_and_known_ones_pass_without_a_container() -> None:
    broken = Item(index=0, id="line 1", source="rows.csv:1", fault="rows.csv:1: 3 fields, 2 columns")
    known = Known(item=item(1), body=b"{}")
    space = FakeSpace()
    with make_pool(space).run([broken, known]) as results:
        found = {done.id: result for done, result in results}
    assert found["i1"] == b"{}"
    fault = found["line 1"]
    assert isinstance(fault, ItemResult)
    assert (fault.status, fault.verdict, fault.error) == (Status.FAILED, "invalid_input", broken.fault)
    assert space.made == []


def test_an_item_that_fails_by_itself_is_not_tried_again() -> None:
    def answer(container: FakeContainer, asked: Item) -> ItemResult:
        del container
        if asked.index % 2:
            raise SpaceFailedError("the Space says no", hint="ask nicely")
        return OK

    space = FakeSpace(answer)
    found = results_of(make_pool(space), items(10))
    assert verdicts(found) == {"ok": 5, "space_error": 5}
    assert (found["i1"].error, found["i1"].hint) == ("the Space says no", "ask nicely")
    assert set(space.begun.values()) == {1}
    assert space.starts == 1


# Containers that die.


def test_a_container_that_dies_is_replaced_and_its_item_goes_again() -> None:
    def answer(container: FakeContainer, asked: Item) -> ItemResult:
        if asked.index == 5 and container.number == 0:
            raise container.die()
        return OK

    space = FakeSpace(answer)
    notes: list[str] = []
    pool = make_pool(space, on_note=notes.append)
    assert verdicts(results_of(pool, items(10))) == {"ok": 10}
    assert (space.starts, space.most_live, space.begun["i5"]) == (2, 1, 2)
    assert (pool.state().starts, pool.state().deaths) == (2, 1)
    assert notes == ["a container is replaced: hfsr-fake-0 ended during the call with exit code 1"]


@pytest.mark.parametrize("concurrency", [1, 4])
def test_an_item_that_ends_two_containers_is_poison(concurrency: int) -> None:
    together = threading.Barrier(concurrency)

    def answer(container: FakeContainer, asked: Item) -> ItemResult:
        if container.number == 0:
            together.wait(60)  # all are in flight when it happens
        if asked.index == 2:
            raise container.die()
        if container.number == 0 and concurrency > 1:
            raise container.hang()
        return OK

    space = FakeSpace(answer)
    space.concurrency = concurrency
    found = results_of(make_pool(space), items(12))
    assert verdicts(found) == {"ok": 11, "poison": 1}
    assert found["i2"].error is not None
    assert "ended twice" in found["i2"].error
    assert space.begun["i2"] == 2
    assert space.starts == 3


def test_those_that_may_have_ended_a_container_go_alone() -> None:
    beside: dict[str, int] = {}
    together = threading.Barrier(4)

    def answer(container: FakeContainer, asked: Item) -> ItemResult:
        if container.number == 0:
            together.wait(60)
            raise container.die() if asked.index == 0 else container.hang()
        if asked.index < 4:
            threading.Event().wait(0.005)  # time for others to come, if they may
            beside[asked.id] = len(container.in_flight)
        return OK

    space = FakeSpace(answer)
    space.concurrency = 4
    assert verdicts(results_of(make_pool(space), items(40))) == {"ok": 40}
    assert beside == {"i0": 1, "i1": 1, "i2": 1, "i3": 1}


def test_a_container_that_ran_out_of_memory_is_replaced_though_it_runs() -> None:
    def answer(container: FakeContainer, asked: Item) -> ItemResult:
        if asked.index == 3 and container.number == 0:
            raise MemoryExceededError("a process was ended", verdict="child_out_of_memory")
        return OK

    space = FakeSpace(answer)
    assert verdicts(results_of(make_pool(space), items(8))) == {"ok": 8}
    assert [container.calls for container in space.made] == [4, 5]


def test_without_retries_an_item_fails_with_its_container() -> None:
    def answer(container: FakeContainer, asked: Item) -> ItemResult:
        if asked.index == 1:
            raise container.die()
        return OK

    space = FakeSpace(answer)
    found = results_of(make_pool(space, PoolRules(max_containers=1, retries=0)), items(4))
    assert verdicts(found) == {"ok": 3, "exited_during_call": 1}
    assert space.starts == 2


@pytest.mark.parametrize(("lost", "verdict"), [(2, "ok"), (3, "connection_lost")])
def test_a_lost_connection_is_tried_again_on_the_same_container(lost: int, verdict: str) -> None:
    def answer(container: FakeContainer, asked: Item) -> ItemResult:
        if asked.index == 1 and container.space.begun[asked.id] <= lost:
            raise CallError("reset", verdict="connection_lost")
        return OK

    space = FakeSpace(answer)
    found = results_of(make_pool(space), items(3))
    assert (found["i1"].verdict or found["i1"].status) == verdict
    assert (space.starts, space.begun["i1"]) == (1, 3)


def test_a_space_that_always_dies_ends_the_batch() -> None:
    def answer(container: FakeContainer, asked: Item) -> ItemResult:
        del asked
        raise container.die()

    space = FakeSpace(answer)
    with pytest.raises(CallError, match="exit code 1"):
        results_of(make_pool(space), items(500))
    assert space.starts == BARREN_CONTAINERS


def test_the_engines_end_is_the_batchs() -> None:
    def answer(container: FakeContainer, asked: Item) -> ItemResult:
        del container
        if asked.index == 3:
            raise EngineUnavailableError("no engine answers")
        return OK

    assert results_before(EngineUnavailableError, make_pool(FakeSpace(answer)), items(10)) == ["i0", "i1", "i2"]


# Starts that fail.


def test_a_space_that_does_not_start_ends_the_batch_at_once() -> None:
    def start(container: FakeContainer) -> None:
        raise ContainerExitedError(f"{container.name} ended")

    space = FakeSpace()
    space.start = start
    with pytest.raises(ContainerExitedError):
        results_of(make_pool(space), items(10))
    assert (space.starts, space.begun) == (1, Counter())


def test_a_container_that_nobody_can_talk_to_has_not_started() -> None:
    def refuse(container: FakeContainer) -> None:
        raise CallError(f"{container.name} wants a login", verdict="login_needed")

    space = FakeSpace()
    space.open, space.concurrency = refuse, 3
    with pytest.raises(CallError, match="login"):
        results_of(make_pool(space), items(10))
    assert space.starts == 1


@pytest.mark.parametrize(
    ("error", "starts"), [(ContainerExitedError("it ended"), 1 + 3), (ImageNotFoundError("no such image"), 1 + 1)]
)
def test_a_replacement_that_does_not_start_ends_the_batch(error: Exception, starts: int) -> None:
    def start(container: FakeContainer) -> None:
        if container.number:
            raise error

    def answer(container: FakeContainer, asked: Item) -> ItemResult:
        if asked.index == 3:
            raise container.die()
        return OK

    space = FakeSpace(answer)
    space.start = start
    assert results_before(type(error), make_pool(space), items(10)) == ["i0", "i1", "i2"]
    assert space.starts == starts


def test_a_replacement_that_starts_in_the_end_goes_on() -> None:
    def start(container: FakeContainer) -> None:
        if container.number in {1, 2}:
            raise ContainerExitedError("not yet")

    def answer(container: FakeContainer, asked: Item) -> ItemResult:
        if container.number == 0 and asked.index == 3:
            raise container.die()
        return OK

    space = FakeSpace(answer)
    space.start = start
    assert verdicts(results_of(make_pool(space), items(10))) == {"ok": 10}
    assert space.starts == 4


# More containers, and fewer.


def all_at_once(space: FakeSpace, count: int) -> Iterator[Item]:
    """Yield items, and let nobody work before all of them are read."""
    all_are_read = threading.Event()

    def wait_for_all(container: FakeContainer) -> None:
        del container
        assert all_are_read.wait(60)

    space.open = wait_for_all
    yield from items(count)
    all_are_read.set()


def slow(clock: Clock, seconds: float, space: FakeSpace, before_last: Callable[[], bool] = lambda: True) -> None:
    """Let each call take so many seconds on the clock, and the 30th wait until something holds."""

    def answer(container: FakeContainer, asked: Item) -> ItemResult:
        del container
        if asked.index == 29:
            until(before_last)
        with space.lock:
            clock.now += seconds
        return OK

    space.answer = answer


@pytest.mark.parametrize(("count", "least", "most"), [(2, 1, 1), (9, 2, 2), (60, 3, 60)])
def test_as_many_are_added_as_find_work(count: int, least: int, most: int) -> None:
    clock, space = Clock(), FakeSpace()
    slow(clock, 1.0, space)
    pool = make_pool(space, PoolRules(max_containers=3), total=count, clock=clock)
    assert len(results_of(pool, all_at_once(space, count))) == count
    assert least <= len(space.made) <= most
    assert space.most_live <= 3


def test_one_that_cannot_be_added_is_done_without() -> None:
    def start(container: FakeContainer) -> None:
        if container.number:
            raise ImageNotFoundError("no room")

    clock, space = Clock(), FakeSpace()
    slow(clock, 1.0, space, lambda: len(space.made) > 1 and len(pool.state().containers) == 1)
    space.start = start
    notes: list[str] = []
    pool = make_pool(space, PoolRules(max_containers=2), total=30, clock=clock, on_note=notes.append)
    assert verdicts(results_of(pool, all_at_once(space, 30))) == {"ok": 30}
    assert set(notes) == {"no other container starts: no room"}


def test_one_that_still_starts_when_all_is_done_is_ended() -> None:
    def start(container: FakeContainer) -> None:
        if container.number:
            assert container.gone.wait(60)  # a start that takes for ever

    clock, space = Clock(), FakeSpace()
    slow(clock, 1.0, space)
    space.start = start
    pool = make_pool(space, PoolRules(max_containers=2), total=30, clock=clock)
    assert len(results_of(pool, all_at_once(space, 30))) == 30
    assert space.made[1].was_aborted


def test_a_start_that_comes_too_late_is_given_up_while_the_others_work() -> None:
    def start(container: FakeContainer) -> None:
        if container.number:
            assert container.gone.wait(60)

    def answer(container: FakeContainer, asked: Item) -> ItemResult:
        del container
        if asked.index == 799:
            until(lambda: len(space.made) > 1 and space.made[1].was_aborted)
        clock.now += 1.0 if asked.index < 3 else 0.01  # much is slow the first times
        return OK

    clock, space = Clock(), FakeSpace(answer)
    space.start, space.cold_start_s = start, 10.0
    pool = make_pool(space, PoolRules(max_containers=2), total=800, clock=clock)
    assert len(results_of(pool, items(800))) == 800


def test_containers_that_do_not_pay_leave() -> None:
    def answer(container: FakeContainer, asked: Item) -> ItemResult:
        del container
        if asked.index >= 5 and not all_ready.is_set():
            until(lambda: all_ready.is_set() or pool.state().starts == 3)
            all_ready.set()  # one of them may leave before the next one looks
        with space.lock:
            clock.now += 1.0  # whoever else works: the first container had all cores already
        return OK

    all_ready = threading.Event()
    clock, space = Clock(), FakeSpace(answer)
    notes: list[str] = []
    pool = make_pool(space, PoolRules(max_containers=3), total=60, clock=clock, on_note=notes.append)
    assert len(results_of(pool, all_at_once(space, 60))) == 60
    assert set(notes) == {"3 containers are no faster than 1"}


@pytest.mark.parametrize(("max_containers", "most_live"), [(1, 1), (2, 2)])
def test_a_container_is_replaced_after_so_many_items(max_containers: int, most_live: int) -> None:
    replaced = threading.Event()

    def start(container: FakeContainer) -> None:
        if container.number == 1:
            replaced.set()

    def answer(container: FakeContainer, asked: Item) -> ItemResult:
        if max_containers == 2 and asked.index == 3 and container.number == 0:
            assert replaced.wait(60)  # the next one starts while the last call of this one runs
        return OK

    space = FakeSpace(answer)
    space.start = start
    pool = make_pool(space, PoolRules(max_containers=max_containers, recycle_after=4))
    assert len(results_of(pool, items(20))) == 20
    assert [container.calls for container in space.made] == [4, 4, 4, 4, 4]
    assert space.most_live <= most_live
    assert pool.state().deaths == 0


def test_a_container_that_nears_its_memory_cap_is_replaced() -> None:
    clock, space = Clock(), FakeSpace()
    slow(clock, 1.0, space)
    space.memory_share = lambda container: 0.1 * container.calls
    pool = make_pool(space, clock=clock)
    assert len(results_of(pool, items(30))) == 30
    assert [container.calls for container in space.made] == [9, 9, 9, 3]
    assert pool.state().recycled == 3


def test_a_container_that_hangs_is_replaced() -> None:
    def answer(container: FakeContainer, asked: Item) -> ItemResult:
        if container.number == 0 and asked.index >= 2:
            raise CallTimeoutError("no answer within 5 minutes")
        return OK

    space = FakeSpace(answer)
    found = results_of(make_pool(space), items(10))
    assert verdicts(found) == {"ok": 7, "call_timeout": 3}
    assert space.starts == 2


# The end, before the items are.


def failing(container: FakeContainer, asked: Item) -> ItemResult:
    del container
    if asked.index % 2:
        raise SpaceFailedError("no")
    return OK


@pytest.mark.parametrize(
    ("rules", "done", "why"),
    [
        (PoolRules(max_containers=1, fail_fast=True), 2, Stop.FAIL_FAST),
        (PoolRules(max_containers=1, failure_limit=FailureLimit(count=0)), 2, Stop.TOO_MANY_FAILED),
        (PoolRules(max_containers=1, failure_limit=FailureLimit(count=3)), 8, Stop.TOO_MANY_FAILED),
        (PoolRules(max_containers=1, failure_limit=FailureLimit(share=0.1)), 22, Stop.TOO_MANY_FAILED),
        (PoolRules(max_containers=1, failure_limit=FailureLimit(share=0.6)), 300, None),
        (PoolRules(max_containers=1), 300, None),
    ],
)
def test_a_batch_ends_when_too_many_fail(rules: PoolRules, done: int, why: Stop | None) -> None:
    space = FakeSpace(failing)
    pool = make_pool(space, rules)
    found = results_of(pool, items(300))
    assert (len(found), pool.stopped) == (done, why)
    assert set(found) == set(space.begun)  # who was begun is known of, who was not is untouched


def test_what_runs_when_an_item_fails_is_finished() -> None:
    failed = threading.Event()

    def answer(container: FakeContainer, asked: Item) -> ItemResult:
        del container
        if asked.index == 0:
            failed.set()
            raise SpaceFailedError("no")
        assert failed.wait(60)
        return OK

    space = FakeSpace(answer)
    space.concurrency = 2
    pool = make_pool(space, PoolRules(max_containers=1, fail_fast=True))
    found = results_of(pool, items(50))
    assert set(found) == set(space.begun)
    assert found["i0"].verdict == "space_error"
    assert pool.stopped is Stop.FAIL_FAST


def test_a_share_of_failures_is_judged_at_the_end_of_a_short_batch() -> None:
    pool = make_pool(FakeSpace(failing), PoolRules(max_containers=1, failure_limit=FailureLimit(share=0.4)))
    assert len(results_of(pool, items(10))) == 10
    assert pool.stopped is Stop.TOO_MANY_FAILED


def test_at_the_deadline_what_runs_is_ended_and_untouched() -> None:
    clock = Clock()
    both = threading.Barrier(2)

    def answer(container: FakeContainer, asked: Item) -> ItemResult:
        both.wait(60)
        if asked.index == 0:
            clock.now = 100.0
            return OK
        raise container.hang()

    space = FakeSpace(answer)
    space.concurrency = 2
    pool = make_pool(space, clock=clock, deadline=Deadline.after(50.0, clock))
    found = results_of(pool, items(2))
    assert set(found) <= {"i0"}
    assert pool.stopped is Stop.DEADLINE
    assert space.made[0].was_aborted


def test_a_start_that_is_under_way_at_the_deadline_is_ended() -> None:
    clock = Clock()

    def start(container: FakeContainer) -> None:
        assert container.gone.wait(60)

    def source() -> Iterator[Item]:
        yield item(0)
        clock.now = 100.0
        yield item(1)

    space = FakeSpace()
    space.start = start
    pool = make_pool(space, clock=clock, deadline=Deadline.after(50.0, clock))
    assert results_of(pool, source()) == {}
    assert pool.stopped is Stop.DEADLINE


def test_the_deadline_is_kept_while_nothing_comes() -> None:
    def answer(container: FakeContainer, asked: Item) -> ItemResult:
        del asked
        raise container.hang()

    looks = iter([-0.01, -0.01])  # the second one says how long to wait
    deadline = Deadline(at=0.0, limit_s=0.01, clock=lambda: next(looks, 1.0))
    pool = make_pool(FakeSpace(answer), deadline=deadline)
    assert results_of(pool, items(3)) == {}
    assert pool.stopped is Stop.DEADLINE


def test_leaving_the_block_ends_all_calls() -> None:
    running = threading.Semaphore(0)

    def answer(container: FakeContainer, asked: Item) -> ItemResult:
        if asked.index == 0:
            return OK
        running.release()
        raise container.hang()

    space = FakeSpace(answer)
    space.concurrency = 3

    def interrupted() -> None:
        with make_pool(space, clock=Clock()).run(items(100)) as results:
            next(results)
            for _ in range(3):
                assert running.acquire(timeout=60)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not space.live
    assert len(space.begun) == 4


@pytest.mark.parametrize("during", ["start", "call"])
def test_ctrl_c_ends_all_while_the_pool_waits(during: str) -> None:
    def interrupt(container: FakeContainer) -> CallError:
        os.kill(os.getpid(), signal.SIGINT)
        return container.hang()

    def answer(container: FakeContainer, asked: Item) -> ItemResult:
        del asked
        raise interrupt(container)

    space = FakeSpace(answer)
    if during == "start":
        space.start = interrupt  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt), make_pool(space).run(items(100)) as results:
        list(results)
    assert not space.live


def test_a_bug_of_ours_surfaces() -> None:
    def answer(container: FakeContainer, asked: Item) -> ItemResult:
        if asked.index == 3:
            raise ZeroDivisionError
        if asked.index == 4:
            raise container.hang()
        return OK

    space = FakeSpace(answer)
    space.concurrency = 2
    with pytest.raises(ZeroDivisionError):
        results_of(make_pool(space), items(100))
    assert not space.live


def test_a_source_that_fails_ends_the_batch() -> None:
    def source() -> Iterator[Item]:
        yield item(0)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="gone"):
        results_of(make_pool(FakeSpace()), source())


# What is seen of it.


def test_its_state_can_be_seen_from_any_thread() -> None:
    seen = []

    def answer(container: FakeContainer, asked: Item) -> ItemResult:
        if asked.index == 5:
            seen.append(pool.state())
        return failing(container, asked)

    pool = make_pool(FakeSpace(answer), total=20)
    results_of(pool, items(20))
    (state,) = seen
    assert [(it.name, it.phase, it.in_flight, it.done) for it in state.containers] == [
        ("hfsr-fake-0", Phase.READY, 1, 5)
    ]
    assert (state.in_flight, state.done, state.failed, state.starts, state.stopped) == (1, 5, 2, 1, None)
    after = pool.state()
    assert (after.done, after.failed, after.containers, after.waiting) == (20, 10, (), 0)


@pytest.mark.parametrize(("failures", "least", "most"), [(1, 0.25, 0.5), (2, 0.5, 0.75), (30, 8.0, 8.25)])
def test_waits_grow_and_differ(failures: int, least: float, most: float) -> None:
    waits = [backoff(failures) for _ in range(50)]
    assert least <= min(waits) < max(waits) <= most
