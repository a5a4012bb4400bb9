import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.domain.container import ContainerStatus, ListedContainer
from hf_spaces_runner.domain.labels import DOOR, RunLabels
from hf_spaces_runner.errors import LaunchError, PolicyError
from hf_spaces_runner.planning.admission import Capacity, Wait, check_ever_fits, decide

GIB = 1024**3
CAPACITY = Capacity(max_running=3, memory_bytes=8 * GIB)


def container(
    name: str, *, at: float = 0.0, runs: bool = False, memory: int = GIB, on_engine: str = ""
) -> ListedContainer:
    return ListedContainer(
        id=name,
        name=on_engine or f"hfsr-{name}",
        labels=RunLabels(run_id=name, space_id=f"space-{name}", created_at=at, memory_bytes=memory),
        status=ContainerStatus.RUNNING if runs else ContainerStatus.CREATED,
    )


def running(number: int, memory: int = GIB) -> list[ListedContainer]:
    return [container(f"r{index}", runs=True, memory=memory) for index in range(number)]


def test_it_starts_where_a_slot_and_memory_are_free() -> None:
    for number in range(3):
        seen = decide("own", [*running(number), container("own")], CAPACITY)
        assert (seen.wait, len(seen.running), seen.ahead) == (None, number, ())


def test_it_waits_for_a_slot_however_many_more_run_than_may() -> None:
    for number in (3, 4, 7):
        seen = decide("own", [*running(number), container("own")], CAPACITY)
        assert seen.wait is Wait.SLOTS
        assert seen.next_in_turn is None


def test_one_that_ended_holds_neither_slot_nor_memory() -> None:
    ended = [
        ListedContainer(id=f"e{number}", name="hfsr", labels=RunLabels(run_id="e", space_id="e", memory_bytes=9 * GIB),
                        status=ContainerStatus.EXITED)
        for number in range(5)
    ]  # fmt: skip
    assert decide("own", [*ended, container("own")], CAPACITY).wait is None


def test_who_came_first_goes_first() -> None:
    queue = [container("third", at=3), container("first", at=1), container("second", at=2)]
    listed = [*running(2), *queue]
    assert decide("first", listed, CAPACITY).wait is None
    for own, before in (("second", ["first"]), ("third", ["first", "second"])):
        seen = decide(own, listed, CAPACITY)
        assert seen.wait is Wait.TURN
        assert [item.id for item in seen.ahead] == before
        assert seen.next_in_turn is not None
        assert seen.next_in_turn.id == "first"


def test_those_that_fit_together_start_together() -> None:
    listed = [container("first", at=1), container("second", at=2), container("third", at=3), container("fourth", at=4)]
    assert [decide(item.id, listed, CAPACITY).wait for item in listed] == [None, None, None, Wait.TURN]


def test_the_caps_of_all_must_fit_into_memory() -> None:
    listed = [*running(2, memory=3 * GIB), container("own", memory=3 * GIB)]
    assert decide("own", listed, CAPACITY).wait is Wait.MEMORY
    assert decide("own", [*listed[:2], container("own", memory=2 * GIB)], CAPACITY).wait is None


def test_a_large_one_at_the_head_is_not_overtaken_for_ever_by_small_ones() -> None:
    listed = [*running(1, memory=4 * GIB), container("large", at=1, memory=6 * GIB), container("small", at=2)]
    assert decide("large", listed, CAPACITY).wait is Wait.MEMORY
    seen = decide("small", listed, CAPACITY)
    assert seen.wait is Wait.MEMORY
    assert seen.next_in_turn is None


def test_one_that_does_not_take_its_turn_is_passed_over() -> None:
    listed = [*running(2), container("stuck", at=1), container("own", at=2)]
    assert decide("own", listed, CAPACITY).wait is Wait.TURN
    assert decide("own", listed, CAPACITY, passed_over={"stuck"}).wait is None
    assert decide("own", listed, CAPACITY, passed_over={"own"}).wait is Wait.TURN


def test_who_stands_in_the_door_is_told() -> None:
    listed = [container("first", at=1, on_engine=DOOR), container("own", at=2)]
    seen = decide("own", listed, CAPACITY)
    assert seen.in_door is not None
    assert seen.in_door.id == "first"
    assert decide("first", listed, CAPACITY).in_door is None


def test_a_cap_that_never_fits_is_refused_at_once_with_the_figures() -> None:
    with pytest.raises(PolicyError) as caught:
        decide("own", [container("own", memory=9 * GIB)], CAPACITY)
    assert "memory cap of 9 GiB" in caught.value.message
    assert "8 GiB" in caught.value.message
    assert (caught.value.exit_code, caught.value.verdict) == (6, "memory_never_fits")
    assert "--memory" in (caught.value.hint or "")
    check_ever_fits("space", 8 * GIB, CAPACITY)


def test_one_that_something_else_removed_does_not_wait() -> None:
    with pytest.raises(LaunchError) as caught:
        decide("own", running(1), CAPACITY)
    assert caught.value.verdict == "container_removed"


@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 8), st.floats(0, 100)), min_size=1, max_size=8),
    st.integers(1, 4),
)
def test_whatever_may_start_fits_and_somebody_may_unless_something_runs(
    made: list[tuple[bool, int, float]], most: int
) -> None:
    listed = [
        container(str(number), runs=runs, memory=memory * GIB, at=at) for number, (runs, memory, at) in enumerate(made)
    ]
    capacity = Capacity(max_running=most, memory_bytes=8 * GIB)
    waiting = [item for item in listed if not item.running]
    may = [item for item in waiting if decide(item.id, listed, capacity).wait is None]
    # All that may start at this moment could do so one after another, in any order, without another look.
    for chosen in itertools.islice(itertools.permutations(may), 6):
        now = list(listed)
        for item in chosen:
            now = [
                container(item.id, runs=True, memory=item.labels.memory_bytes, at=item.labels.created_at)
                if other.id == item.id
                else other
                for other in now
            ]
        after = [item for item in now if item.running]
        if chosen:
            assert len(after) <= most
            assert sum(item.labels.memory_bytes for item in after) <= capacity.memory_bytes
    if waiting and not any(item.running for item in listed):
        assert may
