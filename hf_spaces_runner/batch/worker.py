"""What the pool of a batch needs of a container: to start it, to ask it, to know how it is, and to end it at once."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, Self

from hf_spaces_runner.domain.item import Item, ItemResult


class WorkerSession(Protocol):
    """One line to a container, for one thread."""

    def call(self, item: Item) -> ItemResult:
        """Return what the Space answers to `item`.

        A result that says `failed` is as good as an error that is the item's own fault: it is not tried again.

        Raises:
            RunnerError: there is no answer. What becomes of the item says `planning.pool_policy.fault_of`.
        """
        ...


class Worker(Protocol):
    """One container of the Space, started when it is entered and gone when it is left, both in the same thread.

    All else is called from several threads at once.
    """

    @property
    def name(self) -> str:
        """What people call it; known before it is started."""
        ...

    @property
    def concurrency(self) -> int:
        """How many calls it takes at a time, at least 1; asked for once it is ready."""
        ...

    @property
    def cold_start_s(self) -> float:
        """How many seconds it took until it was ready, without the pull and the wait for a slot; asked once ready."""
        ...

    def __enter__(self) -> Self:
        """Start it and wait until it is ready.

        Raises:
            RunnerError: it did not start, or `abort` was called.
        """
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    def session(self) -> AbstractContextManager[WorkerSession]:
        """Return a line to it that is opened when it is entered.

        Raises:
            RunnerError: on entering; the container is then replaced.
        """
        ...

    def is_alive(self) -> bool:
        """Whether the container runs. False also where nobody can tell. Asked after a call that failed."""
        ...

    def memory_share(self) -> float:
        """How much of its memory cap it uses, from 0 to 1. Asked once a second at most, and must answer at once."""
        ...

    def abort(self) -> None:
        """End its start, or the container and the calls to it, and return without waiting for them.

        Called from any thread, at any time, also before it is entered, after it is left, and more than once. Where a
        start or a call is under way it raises a RunnerError within a moment; one that comes later raises at once.
        """
        ...


OpenWorker = Callable[[], Worker]
"""Makes a container that is not started yet; does nothing that takes time."""
