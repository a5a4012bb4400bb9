import os
import signal
import threading
from collections.abc import Iterator

import pytest

from hf_spaces_runner.orchestrator.interrupts import deferred_interrupts


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Put the handlers back that the test found."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_an_interrupt_comes_when_the_block_has_ended() -> None:
    steps = []

    def work() -> None:
        with deferred_interrupts():
            os.kill(os.getpid(), signal.SIGINT)
            steps.append("went on")
        steps.append("not reached")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert steps == ["went on"]


def test_a_termination_is_held_back_likewise() -> None:
    came: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: came.append(number))
    with deferred_interrupts():
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        assert came == []
    assert came == [signal.SIGTERM]


def test_an_ignored_signal_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with deferred_interrupts():
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_blocks_within_blocks_hold_back_until_the_outermost_ends() -> None:
    steps = []

    def work() -> None:
        with deferred_interrupts():
            with deferred_interrupts():
                os.kill(os.getpid(), signal.SIGINT)
            steps.append("after the inner one")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert steps == ["after the inner one"]


def test_the_handlers_are_put_back_after_an_error_too() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ValueError, match="own"), deferred_interrupts():
        raise ValueError("own")
    assert signal.getsignal(signal.SIGINT) is before

    def fail_while_interrupted() -> None:
        with deferred_interrupts():
            os.kill(os.getpid(), signal.SIGINT)
            raise ValueError("own")

    with pytest.raises(KeyboardInterrupt) as caught:
        fail_while_interrupted()
    assert isinstance(caught.value.__context__, ValueError)


def test_in_another_thread_there_is_nothing_to_hold_back() -> None:
    done = []

    def work() -> None:
        with deferred_interrupts():
            done.append(threading.current_thread().name)

    thread = threading.Thread(target=work, name="other")
    thread.start()
    thread.join()
    assert done == ["other"]
