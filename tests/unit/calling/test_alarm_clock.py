"""The alarm clock: each alarm rings once at its time or never, with one thread, which ends."""

import threading
import time
from collections.abc import Iterator

import pytest

from hf_spaces_runner.calling.alarm_clock import AlarmClock

PATIENCE_S = 10.0


@pytest.fixture
def clock() -> Iterator[AlarmClock]:
    before = set(threading.enumerate())
    yield AlarmClock(linger_s=0.05)
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE_S)
        assert not thread.is_alive(), "the clock's thread has not ended"


def test_an_alarm_rings_when_its_time_has_come_and_not_before(clock: AlarmClock) -> None:
    rang: list[float] = []
    done = threading.Event()
    begun = time.monotonic()

    def ring() -> None:
        rang.append(time.monotonic())
        done.set()

    clock.ring(0.1, ring)
    assert done.wait(PATIENCE_S)
    assert len(rang) == 1
    assert rang[0] - begun >= 0.1


def test_an_earlier_one_that_was_set_later_rings_first(clock: AlarmClock) -> None:
    rang: list[str] = []
    done = threading.Event()

    def ring() -> None:
        rang.append("later")
        done.set()

    later = clock.ring(0.4, ring)
    clock.ring(0.05, lambda: rang.append("earlier"))
    assert done.wait(PATIENCE_S)
    assert rang == ["earlier", "later"]
    clock.call_off(later)  # it is done: nothing happens


def test_what_was_called_off_never_rings(clock: AlarmClock) -> None:
    rang: list[int] = []
    alarms = [clock.ring(0.1, lambda number=number: rang.append(number)) for number in range(300)]  # type: ignore[misc]
    for alarm in alarms[1:]:
        clock.call_off(alarm)
    last = threading.Event()
    clock.ring(0.2, last.set)
    assert last.wait(PATIENCE_S)
    assert rang == [0]


def test_a_thousand_alarms_have_one_thread_and_leave_nothing(clock: AlarmClock) -> None:
    before = threading.active_count()
    for _ in range(1000):
        clock.call_off(clock.ring(300.0, lambda: None))
        assert threading.active_count() <= before + 1
    assert len(clock._alarms) < 200


def test_it_rings_again_after_its_thread_has_ended(clock: AlarmClock) -> None:
    for _ in range(2):
        rang = threading.Event()
        clock.ring(0.0, rang.set)
        assert rang.wait(PATIENCE_S)
        end = time.monotonic() + PATIENCE_S
        while clock._runs and time.monotonic() < end:
            time.sleep(0.01)
        assert not clock._runs


def test_when_calling_off_has_returned_no_action_runs(clock: AlarmClock) -> None:
    inside = threading.Event()
    ended = threading.Event()

    def slow() -> None:
        inside.set()
        time.sleep(0.1)
        ended.set()

    alarm = clock.ring(0.0, slow)
    assert inside.wait(PATIENCE_S)
    clock.call_off(alarm)
    assert ended.is_set()
