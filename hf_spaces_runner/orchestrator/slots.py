"""Keeps the number of running Spaces down: the engine's own list is the ledger of who holds a slot."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.launch import LABEL
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback
from hf_spaces_runner.domain.terminal import printable
from hf_spaces_runner.domain.units import format_duration
from hf_spaces_runner.errors import SlotTimeoutError
from hf_spaces_runner.orchestrator.engine import Engine, Listed
from hf_spaces_runner.orchestrator.state_folder import make_state_folder, state_errors

_POLL_S = 0.1
_MAX_SHOWN = 60


class Slots:
    """The right to have a Space running: `max_running` of them on an engine, over all processes.

    A container that runs is a slot that is taken. So nothing has to be given back: when the container ends, however
    that came, its slot is free. The lock is held only from the look at the list until the new container runs; the
    operating system frees it when its holder dies.
    """

    def __init__(
        self, engine: Engine, *, max_running: int, lock_directory: Path, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._engine = engine
        self._max_running = max_running
        self._lock_file = lock_directory / "slots.lock"
        self._sleep = sleep

    @contextmanager
    def acquire(self, deadline: Deadline, on_progress: ProgressCallback) -> Iterator[None]:
        """Wait for a slot, then hold the door while the block starts its container.

        Raises:
            SlotTimeoutError: none fell free before `deadline`; the message names who holds them.
            UsageError: the lock file cannot be made.
        """
        make_state_folder(self._lock_file.parent)
        holders: list[Listed] = []
        told = False
        while True:
            with self._locked(deadline, holders):
                holders = [container for container in self._engine.containers() if container.running]
                if len(holders) < self._max_running:
                    if told:
                        on_progress(Progress(phase=Phase.WAIT, message="a slot is free", done=True))
                    yield
                    return
            if deadline.passed:
                raise self._timed_out(deadline, holders)
            if not told:
                told = True
                on_progress(Progress(phase=Phase.WAIT, message=f"waiting for a slot; running: {_names(holders)}"))
            self._sleep(_POLL_S)

    @contextmanager
    def _locked(self, deadline: Deadline, holders: list[Listed]) -> Iterator[None]:
        lock = FileLock(self._lock_file, poll_interval=_POLL_S / 2)
        with state_errors(self._lock_file.parent):
            try:
                lock.acquire(timeout=deadline.remaining_s)
            except Timeout:
                raise self._timed_out(deadline, holders) from None
        try:
            yield
        finally:
            lock.release()

    def _timed_out(self, deadline: Deadline, holders: list[Listed]) -> SlotTimeoutError:
        names = _names(holders) or "another process is starting one"
        return SlotTimeoutError(
            f"no slot within {format_duration(deadline.limit_s)}: {self._max_running} Spaces may run at once"
            f" (setting max_running), and these do: {names}"
        )


def _names(holders: list[Listed]) -> str:
    # An image may bring labels of its own, so even these are a Space's to write.
    return ", ".join(
        f"{printable(holder.labels.get(f'{LABEL}.space', '?'))[:_MAX_SHOWN]} ({holder.name})" for holder in holders
    )
