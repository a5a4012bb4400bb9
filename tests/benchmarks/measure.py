"""Measures two ways of doing the same thing in turns, and says how they compare."""

import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Barrier

SECONDS = " s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One comparison. Times in seconds, medians.

    `target` is the ratio, or the seconds, not to be exceeded; None where the figure is only told. `unit` is of what is
    measured alone where that is no time: then `ours_s` is in it.
    """

    name: str
    ours_s: float
    other: str
    other_s: float | None
    target: float | None
    ours_all_s: tuple[float, ...]
    other_all_s: tuple[float, ...] = ()
    unit: str = SECONDS

    @property
    def figure(self) -> float:
        """What the target is about: the ratio where there is something to compare with, else our own time."""
        return self.ours_s if self.other_s is None else self.ours_s / self.other_s

    @property
    def met(self) -> bool:
        """Whether the target was reached in this run."""
        return self.target is None or self.figure <= self.target


def compare(
    name: str,
    ours: Callable[[], object],
    other_name: str,
    other: Callable[[], object],
    *,
    target: float | None,
    times: int,
) -> Row:
    """Run `ours` and `other` in turns, once to warm up and `times` times to count; compare the medians."""
    mine: list[float] = []
    theirs: list[float] = []
    for number in range(times + 1):
        for action, taken in ((ours, mine), (other, theirs)):
            seconds = seconds_of(action)
            if number:
                taken.append(seconds)
    return Row(
        name=name,
        ours_s=statistics.median(mine),
        other=other_name,
        other_s=statistics.median(theirs),
        target=target,
        ours_all_s=tuple(mine),
        other_all_s=tuple(theirs),
    )


def per_call(calls: int, row: Row) -> Row:
    """Return `row`, whose times are for `calls` calls each, with the times for one."""
    return replace(
        row,
        ours_s=row.ours_s / calls,
        other_s=None if row.other_s is None else row.other_s / calls,
        ours_all_s=tuple(seconds / calls for seconds in row.ours_all_s),
        other_all_s=tuple(seconds / calls for seconds in row.other_all_s),
    )


def alone(name: str, ours: Callable[[], object], *, target_s: float | None, times: int) -> Row:
    """Run `ours` once to warm up and `times` times to count, where the target is a time of its own."""
    taken = [seconds_of(ours) for _ in range(times + 1)][1:]
    return Row(
        name=name, ours_s=statistics.median(taken), other="-", other_s=None, target=target_s, ours_all_s=tuple(taken)
    )


def seconds_of(action: Callable[[], object]) -> float:
    """Return how long `action` takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def together(actions: Sequence[Callable[[], object]]) -> None:
    """Do all of `actions`, each in a thread of its own; they begin at the same moment, or some would be done alone."""
    start = Barrier(len(actions))

    def wait_and_do(action: Callable[[], object]) -> None:
        start.wait()
        action()

    with ThreadPoolExecutor(len(actions)) as pool:
        for ended in [pool.submit(wait_and_do, action) for action in actions]:
            ended.result()


def process(words: Sequence[str]) -> Callable[[], object]:
    """Return the action of running `words` as a process, which must end well."""
    return lambda: subprocess.run(words, check=True, capture_output=True)
