"""Holds the items of a batch that wait for a container: new ones, those that go again later, those that go alone."""

import heapq
from collections import deque
from dataclasses import dataclass

from hf_spaces_runner.domain.item import Item


@dataclass(slots=True, eq=False)
class Job:
    """An item on its way. `number` counts items as they were read.

    It was begun `failures` times for nothing, `deaths` of them together with its container.
    """

    number: int
    item: Item
    failures: int = 0
    deaths: int = 0


class Jobs:
    """Jobs that wait. Not for several threads at once: the crew's lock guards it."""

    def __init__(self) -> None:
        self.new: deque[Job] = deque()
        self.alone: deque[Job] = deque()
        self._later: list[tuple[float, int, Job, bool]] = []

    def __len__(self) -> int:
        return len(self.new) + len(self.alone) + len(self._later)

    @property
    def again(self) -> int:
        """How many wait for their turn to go again."""
        return len(self.alone) + len(self._later)

    def postpone(self, job: Job, due_at: float, *, alone: bool) -> None:
        """Let `job` go again, not before `due_at`; `alone` where nothing else may run beside it."""
        heapq.heappush(self._later, (due_at, job.number, job, alone))

    def ripen(self, now: float) -> None:
        """Let those go whose time has come, before the new ones."""
        while self._later and self._later[0][0] <= now:
            _, _, job, alone = heapq.heappop(self._later)
            if alone:
                self.alone.append(job)
            else:
                self.new.appendleft(job)

    @property
    def next_due_at(self) -> float | None:
        """When the next of those goes that wait for a while."""
        return self._later[0][0] if self._later else None

    def clear(self) -> int:
        """Forget all of them and return how many they were."""
        count = len(self)
        self.new.clear()
        self.alone.clear()
        self._later.clear()
        return count
