import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner import errors
from hf_spaces_runner.errors import (
    AnswerError,
    CallError,
    CallTimeoutError,
    DiskReserveError,
    EngineUnavailableError,
    InvalidInputError,
    MemoryExceededError,
    NoEndpointError,
    NoSpaceLeftError,
    RunnerError,
    SpaceFailedError,
    UsageError,
)
from hf_spaces_runner.planning.pool_growth import (
    Load,
    Trial,
    average,
    comes_too_late,
    containers_to_add,
    containers_worth,
    is_over,
    next_trial_at,
    remaining_items,
)
from hf_spaces_runner.planning.pool_policy import (
    BARREN_CONTAINERS,
    Again,
    FailureLimit,
    Fault,
    PoolRules,
    Restart,
    Stop,
    after_failed_start,
    after_failure,
    fault_of,
    is_hopeless,
    is_worn,
    stop_after,
    timeouts_after,
)

# Whose fault a failure is, and who goes again.


@pytest.mark.parametrize(
    ("error", "alive", "dead"),
    [
        (SpaceFailedError("x"), Fault.ITEM, Fault.CONTAINER),
        (CallTimeoutError("x"), Fault.ITEM, Fault.CONTAINER),
        (AnswerError("x"), Fault.ITEM, Fault.CONTAINER),
        (InvalidInputError("x"), Fault.ITEM, Fault.ITEM),
        (NoEndpointError("x"), Fault.ITEM, Fault.ITEM),
        (UsageError("x"), Fault.ITEM, Fault.ITEM),
        (CallError("x"), Fault.ITEM, Fault.CONTAINER),
        (CallError("x", verdict="connection_lost"), Fault.PASSING, Fault.CONTAINER),
        (CallError("x", verdict="queue_full"), Fault.PASSING, Fault.CONTAINER),
        (CallError("x", verdict="exited_during_call"), Fault.ITEM, Fault.CONTAINER),
        (MemoryExceededError("x"), Fault.CONTAINER, Fault.CONTAINER),
        (MemoryExceededError("x", verdict="child_out_of_memory"), Fault.CONTAINER, Fault.CONTAINER),
        (DiskReserveError("x"), Fault.CONTAINER, Fault.CONTAINER),
        (EngineUnavailableError("x"), Fault.BATCH, Fault.BATCH),
        (NoSpaceLeftError("x"), Fault.BATCH, Fault.BATCH),
        (RunnerError("x"), Fault.BATCH, Fault.BATCH),
    ],
)
def test_whose_fault_a_failure_is(error: RunnerError, alive: Fault, dead: Fault) -> None:
    assert fault_of(error, is_alive=True) is alive
    assert fault_of(error, is_alive=False) is dead


def every_error(kind: type[RunnerError] = RunnerError) -> list[type[RunnerError]]:
    return [kind, *(below for one in kind.__subclasses__() for below in every_error(one))]


def test_no_error_that_a_dead_container_explains_is_the_items_fault() -> None:
    ours = [kind for kind in every_error() if kind.__module__ == errors.__name__ and issubclass(kind, CallError)]
    at_fault = {kind for kind in ours if fault_of(kind("x"), is_alive=False) is Fault.ITEM}
    assert at_fault == {InvalidInputError, NoEndpointError}


@pytest.mark.parametrize(
    ("failures", "deaths", "retries", "again"),
    [
        (1, 1, 2, Again.ALONE),
        (2, 2, 2, Again.POISON),
        (2, 1, 2, Again.ALONE),
        (3, 1, 2, Again.FAILED),
        (1, 0, 2, Again.AGAIN),
        (2, 0, 2, Again.AGAIN),
        (3, 0, 2, Again.FAILED),
        (1, 1, 0, Again.FAILED),
        (1, 0, 0, Again.FAILED),
        (2, 2, 1, Again.POISON),
    ],
)
def test_who_goes_again(failures: int, deaths: int, retries: int, again: Again) -> None:
    assert after_failure(failures=failures, deaths=deaths, retries=retries) is again


@given(retries=st.integers(0, 20), deadly=st.lists(st.booleans(), min_size=30, max_size=30))
def test_each_item_comes_to_an_end_and_nobody_is_condemned_for_one_death(retries: int, deadly: list[bool]) -> None:
    deaths = 0
    for failures, is_death in enumerate(deadly, start=1):
        deaths += is_death
        again = after_failure(failures=failures, deaths=deaths, retries=retries)
        if again in {Again.POISON, Again.FAILED}:
            assert failures <= retries + 1
            assert (again is Again.POISON) == (deaths >= 2)
            return
    pytest.fail("it goes again for ever")


@pytest.mark.parametrize(
    ("in_a_row", "ever_ready", "is_extra", "is_final", "others_ready", "what"),
    [
        (1, False, False, False, 0, Restart.END),  # the Space does not start
        (1, True, False, False, 0, Restart.AGAIN),
        (2, True, False, False, 0, Restart.AGAIN),
        (3, True, False, False, 0, Restart.END),
        (1, True, False, True, 0, Restart.END),
        (1, True, False, False, 1, Restart.AGAIN),
        (3, True, False, False, 1, Restart.GIVE_UP),
        (1, True, False, True, 1, Restart.GIVE_UP),
        (1, True, True, False, 1, Restart.GIVE_UP),
        (1, True, True, False, 0, Restart.AGAIN),  # the others died meanwhile
    ],
)
def test_what_follows_a_start_that_failed(
    in_a_row: int, ever_ready: bool, is_extra: bool, is_final: bool, others_ready: int, what: Restart
) -> None:
    decided = after_failed_start(
        in_a_row=in_a_row, ever_ready=ever_ready, is_extra=is_extra, is_final=is_final, others_ready=others_ready
    )
    assert decided is what


def test_containers_that_die_one_after_the_other_without_an_answer_are_hopeless() -> None:
    assert not is_hopeless(BARREN_CONTAINERS - 1)
    assert is_hopeless(BARREN_CONTAINERS)


@pytest.mark.parametrize(
    ("taken", "recycle_after", "memory_share", "timeouts", "done", "worn"),
    [
        (5, None, 0.5, 0, 5, False),
        (4, 5, 0.5, 0, 4, False),
        (5, 5, 0.5, 0, 4, True),
        (1, None, 0.89, 0, 1, False),
        (1, None, 0.9, 0, 1, True),
        (9, None, 0.1, 2, 6, False),
        (9, None, 0.1, 3, 6, True),
        (3, None, 0.1, 3, 0, False),  # it has never answered: the Space is slow, and another one would be
    ],
)
def test_when_a_container_is_worn(
    taken: int, recycle_after: int | None, memory_share: float, timeouts: int, done: int, worn: bool
) -> None:
    decided = is_worn(
        taken=taken,
        recycle_after=recycle_after,
        memory_share=memory_share,
        timeouts_in_a_row=timeouts,
        done=done,
    )
    assert decided is worn


def test_only_timeouts_in_a_row_count() -> None:
    assert timeouts_after(2, CallTimeoutError("x")) == 3
    assert timeouts_after(2, SpaceFailedError("x")) == 0
    assert timeouts_after(2, None) == 0


@pytest.mark.parametrize(
    ("failed", "done", "total", "at_end", "rules", "why"),
    [
        (0, 10, None, True, PoolRules(fail_fast=True), None),
        (1, 10, None, False, PoolRules(fail_fast=True), Stop.FAIL_FAST),
        (10, 10, None, True, PoolRules(), None),
        (5, 10, None, True, PoolRules(failure_limit=FailureLimit(count=5)), None),
        (6, 10, None, False, PoolRules(failure_limit=FailureLimit(count=5)), Stop.TOO_MANY_FAILED),
        (5, 5, None, False, PoolRules(failure_limit=FailureLimit(share=0.05)), None),
        (6, 6, None, False, PoolRules(failure_limit=FailureLimit(share=0.05)), Stop.TOO_MANY_FAILED),
        (2, 6, 20, False, PoolRules(failure_limit=FailureLimit(share=0.05)), Stop.TOO_MANY_FAILED),
        (1, 6, 20, False, PoolRules(failure_limit=FailureLimit(share=0.05)), None),
        (6, 6, 10**6, False, PoolRules(failure_limit=FailureLimit(share=0.05)), Stop.TOO_MANY_FAILED),
        (50, 1000, None, False, PoolRules(failure_limit=FailureLimit(share=0.05)), None),
        (51, 1000, None, False, PoolRules(failure_limit=FailureLimit(share=0.05)), Stop.TOO_MANY_FAILED),
        (1, 10, None, False, PoolRules(failure_limit=FailureLimit(share=0.05)), None),
        (1, 10, None, True, PoolRules(failure_limit=FailureLimit(share=0.05)), Stop.TOO_MANY_FAILED),
        (1, 1, None, True, PoolRules(failure_limit=FailureLimit(share=1.0)), None),
    ],
)
def test_when_a_batch_ends_for_its_failures(
    failed: int, done: int, total: int | None, at_end: bool, rules: PoolRules, why: Stop | None
) -> None:
    assert stop_after(failed=failed, done=done, total=total, at_end=at_end, rules=rules) is why


# How many containers there are.


def load(  # as of a Space whose cold start takes 2 s
    *,
    remaining: int = 100,
    waiting: int = 50,
    ready: int = 1,
    sessions: int = 1,
    calls: int = 10,
    rate: float = 1.0,
    steady_s: float = 10.0,
    max_containers: int = 3,
) -> Load:
    return Load(
        remaining=remaining,
        waiting=waiting,
        ready=ready,
        sessions=sessions,
        calls=calls,
        rate=rate,
        steady_s=steady_s,
        cold_start_s=2.0,
        max_containers=max_containers,
    )


@pytest.mark.parametrize(
    ("seen", "added"),
    [
        (load(), 2),
        (load(ready=2, sessions=2), 1),
        (load(ready=3, sessions=3), 0),
        (load(max_containers=1), 0),
        (load(max_containers=2), 1),
        (load(remaining=19), 1),  # 19 s, less than 10 cold starts
        (load(remaining=4), 1),
        (load(remaining=3), 0),  # it would be there when most is done
        (load(waiting=0), 0),  # the source is slower than the Space
        (load(calls=0), 0),
        (load(sessions=8, calls=7), 0),
        (load(sessions=8, calls=8), 2),
        (load(steady_s=0.4), 0),
        (load(rate=0.01, remaining=2), 1),  # a second item, and no third
        (load(rate=0.01, sessions=8, remaining=9), 1),
        (load(rate=0.01, sessions=8, remaining=8), 0),
        (load(rate=300.0, remaining=300), 0),
        (load(ready=0, sessions=0, rate=0.0), 0),
    ],
)
def test_how_many_containers_are_added(seen: Load, added: int) -> None:
    assert containers_to_add(seen) == added


loads = st.builds(
    Load,
    remaining=st.integers(0, 10**7),
    waiting=st.integers(0, 64),
    ready=st.integers(0, 3),
    sessions=st.integers(0, 64),
    calls=st.integers(0, 10**7),
    rate=st.floats(0, 1e6),
    steady_s=st.floats(0, 1e6),
    cold_start_s=st.floats(0, 1e4),
    max_containers=st.integers(1, 3),
)


@given(seen=loads, starting_for_s=st.floats(0, 1e6))
def test_there_are_never_more_than_allowed_and_none_that_is_taken_back_at_once(
    seen: Load, starting_for_s: float
) -> None:
    added = containers_to_add(seen)
    assert added >= 0
    assert added == 0 or seen.ready + added <= seen.max_containers
    if added:
        assert not comes_too_late(seen, starting_for_s=starting_for_s)


@pytest.mark.parametrize(
    ("seen", "starting_for_s", "late"),
    [
        (load(remaining=1), 0.5, True),
        (load(remaining=1), 1.5, False),
        (load(remaining=1), 60.0, False),  # it waits for a slot: nobody knows how long
        (load(remaining=2), 0.5, False),
        (load(remaining=1, calls=0), 0.5, False),
        (load(remaining=0), 0.5, True),
    ],
)
def test_a_start_that_comes_too_late_is_seen(seen: Load, starting_for_s: float, late: bool) -> None:
    assert comes_too_late(seen, starting_for_s=starting_for_s) is late


@pytest.mark.parametrize(
    ("calls", "sessions", "steady_s", "over"),
    [(7, 2, 9.0, False), (8, 2, 9.0, True), (47, 16, 9.0, False), (48, 16, 9.0, True), (48, 16, 1.9, False)],
)
def test_a_trial_takes_so_many_calls(calls: int, sessions: int, steady_s: float, over: bool) -> None:
    assert is_over(load(calls=calls, sessions=sessions, steady_s=steady_s)) is over


@pytest.mark.parametrize(
    ("before", "rate_before", "ready", "rate", "kept"),
    [
        (1, 1.0, 3, 3.0, 3),
        (1, 1.0, 3, 2.4, 3),
        (1, 1.0, 3, 2.2, 2),  # two cores
        (1, 1.0, 3, 1.2, 1),  # the Space takes all cores by itself
        (1, 1.0, 3, 0.5, 1),
        (1, 1.0, 2, 1.3, 2),
        (1, 1.0, 2, 1.2, 1),
        (2, 2.0, 3, 2.3, 3),
        (2, 2.0, 3, 2.2, 2),
        (1, 1.0, 2, 9.0, 2),  # the later items are smaller
        (1, 0.0, 2, 1.0, 2),
    ],
)
def test_containers_that_do_not_pay_are_taken_back(
    before: int, rate_before: float, ready: int, rate: float, kept: int
) -> None:
    trial = Trial(containers=before, rate=rate_before)
    assert containers_worth(trial, load(ready=ready, sessions=ready, rate=rate)) == kept


@given(seen=loads, before=st.integers(1, 3), rate=st.floats(0, 1e6, allow_subnormal=False))
def test_a_trial_never_takes_more_than_it_gave(seen: Load, before: int, rate: float) -> None:
    kept = containers_worth(Trial(containers=before, rate=rate), seen)
    assert min(before, seen.ready) <= kept <= seen.ready


def test_trials_get_rarer() -> None:
    assert [next_trial_at(done) for done in (0, 1, 10)] == [4, 4, 40]


@pytest.mark.parametrize(
    ("total", "seen", "finished", "open_items", "at_end", "remaining"),
    [
        (100, 30, 10, 20, False, 90),
        (100, 30, 10, 20, True, 20),  # the total was wrong
        (10, 30, 10, 20, False, 20),
        (None, 30, 10, 20, False, 20),
        (None, 300, 280, 20, False, 280),
        (None, 300, 280, 20, True, 20),
    ],
)
def test_how_much_is_left(
    total: int | None, seen: int, finished: int, open_items: int, at_end: bool, remaining: int
) -> None:
    found = remaining_items(total=total, seen=seen, finished=finished, open_items=open_items, at_end=at_end)
    assert found == remaining


@given(st.lists(st.floats(0.001, 1000), min_size=1, max_size=50))
def test_an_average_lies_between_the_least_and_the_most(values: list[float]) -> None:
    found = 0.0
    for count, value in enumerate(values, start=1):
        found = average(found, value, count)
    assert min(values) * 0.999 <= found <= max(values) * 1.001
