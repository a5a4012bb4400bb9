"""Gives the items of a batch to containers and hands out what becomes of them, with as few in memory as it takes."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hf_spaces_runner.batch.crew import Crew
from hf_spaces_runner.batch.jobs import Job
from hf_spaces_runner.batch.pool_state import PoolState
from hf_spaces_runner.batch.worker import OpenWorker
from hf_spaces_runner.domain.deadline import Clock, Deadline
from hf_spaces_runner.domain.item import Item, ItemResult
from hf_spaces_runner.domain.result import Status
from hf_spaces_runner.errors import InvalidInputError, RunnerError
from hf_spaces_runner.planning.pool_policy import PoolRules, Stop

_SLOW_READ_S = 0.005
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.25, 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An item that an earlier run finished: it goes to no container, and `body` is handed out in its turn."""

    item: Item
    body: bytes


Finished = tuple[Item, ItemResult | bytes]
"""An item and what became of it: a result, or the body of a `Known` one."""


def failed_result(item: Item, error: RunnerError) -> ItemResult:
    """Return the result of an item that failed with `error`."""
    del item
    return ItemResult(status=Status.FAILED, error=error.message, verdict=error.verdict, hint=error.hint)


def _ignore(_: str) -> None:
    """Tell nobody."""


def backoff(failures: int) -> float:
    """Return how many seconds to wait after so many failures: twice as long each time, and a random part."""
    import tenacity  # noqa: PLC0415 - most batches have no failure

    waits = tenacity.wait_exponential(multiplier=_FIRST_WAIT_S, max=_LONGEST_WAIT_S)
    state = tenacity.RetryCallState(tenacity.Retrying(), None, (), {})
    state.attempt_number = failures
    return float((waits + tenacity.wait_random(0, _FIRST_WAIT_S))(state))


class Pool:
    """One to a few containers that work on the items of one batch; for one run, in one thread.

    Args:
        open_worker: makes a container.
        rules: what the user wants.
        total: how many items there will be, known ones included, where that is known.
        deadline: when the batch ends; calls under way are then ended as well.
        failed: makes the result of an item that failed with an error. Called from several threads.
        on_note: is told what people should know: a container that died, items left out. Called in the pool's thread.
        backoff: how many seconds to wait after so many failures.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        open_worker: OpenWorker,
        rules: PoolRules,
        *,
        total: int | None = None,
        deadline: Deadline | None = None,
        failed: Callable[[Item, RunnerError], ItemResult] = failed_result,
        on_note: Callable[[str], None] = _ignore,
        backoff: Callable[[int], float] = backoff,
        clock: Clock = time.monotonic,
    ) -> None:
        self._rules = rules
        self._deadline = deadline
        self._failed_result = failed
        self._on_note = on_note
        self._clock = clock
        self._crew = Crew(open_worker, rules, total=total, clock=clock, backoff=backoff, failed_result=failed)
        self._source: Iterator[Item | Known] = iter(())
        self._read = 0
        self._handed_out = 0
        self._oldest_open = 0
        self._out_of_order: set[int] = set()
        self._at_end = False

    @property
    def stopped(self) -> Stop | None:
        """Why the batch ended before its items did, or failed as a whole; None where it did not."""
        return self._crew.stopped

    def state(self) -> PoolState:
        """Return how things stand; may be called from any thread."""
        return self._crew.state()

    @contextmanager
    def run(self, items: Iterable[Item | Known]) -> Iterator[Iterator[Finished]]:
        """Yield what becomes of `items`, as it comes; when the block is left no container, call or thread is.

        Items are read in the thread that takes the results, a few ahead of those that run. Each comes out once, or
        never where the batch ends before: then nothing became of it, and another run may take it.

        Raises:
            RunnerError: the Space does not start, or no longer; from the iterator, after all that was finished.
        """
        self._source = iter(items)
        try:
            yield self._results()
        finally:
            self._crew.close()
            self._pass_on_notes()

    def _results(self) -> Iterator[Finished]:
        crew = self._crew
        while True:
            if self._time_left_s() == 0.0:
                crew.stop(Stop.DEADLINE)
            self._feed()
            self._pass_on_notes()
            is_over = not crew.open_items and (self._at_end or crew.stopped is not None)  # before the last is taken
            if crew.finished:
                number, item, result = crew.finished.popleft()
                self._count_out(number)
                yield item, result
            elif crew.error is not None:
                raise crew.error
            elif is_over:
                return
            else:
                crew.wait_for_news(self._time_left_s(), hungry_below=self._full // 2 + 1 if self._may_read() else 0)

    def _feed(self) -> None:
        """Read items while few are waiting; what is finished comes first where the source takes its time."""
        crew = self._crew
        while crew.waiting < self._full and self._may_read():
            began = self._clock()
            entry = next(self._source, None)
            if entry is None:
                self._at_end = True
                crew.end_of_items()
            else:
                self._take(entry)
            if crew.finished and self._clock() - began > _SLOW_READ_S:
                return

    def _take(self, entry: Item | Known) -> None:
        number = self._read
        self._read += 1
        if isinstance(entry, Known):
            self._crew.finished.append((number, entry.item, entry.body))
        elif entry.fault is None:
            self._crew.add(Job(number=number, item=entry))
        else:
            error = InvalidInputError(entry.fault)
            self._crew.note_fault(Job(number=number, item=entry), self._failed_result(entry, error))

    @property
    def _full(self) -> int:
        return max(self._rules.most_waiting, self._crew.sessions)

    def _may_read(self) -> bool:
        crew = self._crew
        return (
            not self._at_end
            and crew.stopped is None
            and crew.error is None
            and self._read - self._handed_out < 2 * self._rules.most_waiting + crew.sessions
            and self._read - self._oldest_open < self._rules.most_ahead
        )

    def _count_out(self, number: int) -> None:
        self._handed_out += 1
        self._out_of_order.add(number)
        while self._oldest_open in self._out_of_order:
            self._out_of_order.remove(self._oldest_open)
            self._oldest_open += 1

    def _time_left_s(self) -> float | None:
        return None if self._deadline is None else self._deadline.remaining_s

    def _pass_on_notes(self) -> None:
        while self._crew.notes:
            self._on_note(self._crew.notes.popleft())
