"""A Space whose containers are objects: they start, answer, hang and die as a test says."""

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from hf_spaces_runner.domain.item import Item, ItemResult
from hf_spaces_runner.domain.result import Status
from hf_spaces_runner.errors import CallError, ContainerExitedError

OK = ItemResult(status=Status.OK, text="yes")


def item(index: int) -> Item:
    return Item(index=index, id=f"i{index}", source=f"rows.csv:{index}")


def items(count: int) -> Iterator[Item]:
    return map(item, range(count))


class FakeContainer:
    """One container; a call that waits for `gone` ends when it dies or is aborted."""

    def __init__(self, space: "FakeSpace", number: int) -> None:
        self.space = space
        self.number = number
        self.name = f"hfsr-fake-{number}"
        self.concurrency = space.concurrency
        self.cold_start_s = space.cold_start_s
        self.gone = threading.Event()
        self.was_aborted = False
        self.calls = 0
        self.in_flight: set[str] = set()

    def __enter__(self) -> Self:
        self.space.starts += 1
        self.space.start(self)
        if self.was_aborted:
            raise ContainerExitedError("aborted")
        with self.space.lock:
            self.space.live.add(self.name)
            self.space.most_live = max(self.space.most_live, len(self.space.live))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert not self.in_flight
        with self.space.lock:
            self.space.live.remove(self.name)

    @contextmanager
    def session(self) -> Iterator["FakeContainer"]:
        self.space.open(self)
        yield self

    def call(self, item: Item) -> ItemResult:
        with self.space.lock:
            self.calls += 1
            self.in_flight.add(item.id)
            self.space.begun[item.id] += 1
        try:
            if self.gone.is_set():
                raise self.lost()
            return self.space.answer(self, item)
        finally:
            with self.space.lock:
                self.in_flight.remove(item.id)

    def is_alive(self) -> bool:
        return not self.gone.is_set()

    def memory_share(self) -> float:
        return self.space.memory_share(self)

    def abort(self) -> None:
        self.was_aborted = True
        self.gone.set()

    def die(self) -> CallError:
        """End, with all calls, and return the error of the call that has ended it."""
        self.gone.set()
        return CallError(f"{self.name} ended during the call with exit code 1", verdict="exited_during_call")

    def hang(self) -> CallError:
        """Wait until it ends, and return the error of a call that sees this."""
        assert self.gone.wait(60)
        return self.lost()

    def lost(self) -> CallError:
        return CallError(f"{self.name} is gone", verdict="connection_lost")


class FakeSpace:
    """Makes containers, and sees what happens to them."""

    def __init__(self, answer: Callable[[FakeContainer, Item], ItemResult] = lambda container, item: OK) -> None:  # noqa: ARG005
        self.answer = answer
        self.start: Callable[[FakeContainer], None] = lambda container: None  # noqa: ARG005
        self.open: Callable[[FakeContainer], None] = lambda container: None  # noqa: ARG005
        self.memory_share: Callable[[FakeContainer], float] = lambda container: 0.5  # noqa: ARG005
        self.concurrency = 1
        self.cold_start_s = 1.0
        self.lock = threading.RLock()
        self.made: list[FakeContainer] = []
        self.starts = 0
        self.live: set[str] = set()
        self.most_live = 0
        self.begun: Counter[str] = Counter()
        self._numbers = itertools.count()

    def __call__(self) -> FakeContainer:
        container = FakeContainer(self, next(self._numbers))
        self.made.append(container)
        return container
