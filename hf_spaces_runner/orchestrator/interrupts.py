"""Keeps Ctrl-C out of the few moments in which it would leave something behind."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType  # noqa: TC003 - the annotation of a list that exists at run time


@contextmanager
def deferred_interrupts() -> Iterator[None]:
    """Hold SIGINT and SIGTERM back while the block runs; the last one that came is raised when it ends.

    Only the main thread receives signals, so elsewhere there is nothing to hold back.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[tuple[int, FrameType | None]] = []
    before = {
        number: signal.signal(number, lambda number, frame: held.append((number, frame)))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for restored, handler in before.items():
            # None stands for a handler that was not set by Python, and that it cannot put back.
            signal.signal(restored, signal.SIG_DFL if handler is None else handler)
        if held:
            number, frame = held[-1]
            handler = before[signal.Signals(number)]
            if callable(handler):
                handler(number, frame)
            elif handler is signal.SIG_DFL:
                signal.raise_signal(number)


def ignore_interrupts() -> None:
    """Let SIGINT and SIGTERM do nothing in this process from now on: all is done, and only remains to be said.

    Must be called in the main thread.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        # Not SIG_IGN, which a program that is started would inherit.
        signal.signal(number, lambda _number, _frame: None)
