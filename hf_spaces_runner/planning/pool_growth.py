"""Decides how many containers the pool of a batch has: others are added while they pay, and taken back where not."""

import math
from dataclasses import dataclass

_WORTH_STARTS = 2.0
"""What is left must take so many cold starts, else a second container comes too late to help."""
_ALL_AT_ONCE_STARTS = 10.0
_EVIDENCE_SHARE = 0.25
_SLACK = 0.25
"""A container that adds less than this of what one does is not worth its memory."""
_TRIAL_CALLS = 8
_TRIAL_CALLS_A_SESSION = 3
_NEXT_TRIAL = 4
_LATEST_WEIGHT = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How a batch stands. Times in seconds.

    `remaining` items are not finished, `waiting` of them are here and not begun. `ready` containers answer, `sessions`
    calls at a time. Since the number of containers changed, `steady_s` ago, `calls` ended, lately `rate` a second.
    `cold_start_s` is how long a container takes until it answers.
    """

    remaining: int
    waiting: int
    ready: int
    sessions: int
    calls: int
    rate: float
    steady_s: float
    cold_start_s: float
    max_containers: int

    @property
    def remaining_s(self) -> float:
        """How long what remains takes with the containers that are ready."""
        return self.remaining / self.rate if self.rate > 0 else math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Containers were added to `containers` that did `rate` calls per second."""

    containers: int
    rate: float


def containers_to_add(load: Load) -> int:
    """Return how many containers to start now; only for a pool where none is starting or leaving.

    A single call is no evidence where several run at a time, nor is the first moment: much is slow the first time.
    Where a lot is left all that are allowed start together, since each one on its own would cost a cold start.
    """
    room = load.max_containers - load.ready
    if room <= 0 or not load.ready or not load.waiting or load.calls < max(1, load.sessions):
        return 0
    if load.steady_s < load.cold_start_s * _EVIDENCE_SHARE or load.remaining_s < load.cold_start_s * _WORTH_STARTS:
        return 0
    sessions_each = max(1, load.sessions // load.ready)
    room = min(room, math.ceil(load.remaining / sessions_each) - load.ready)
    return max(0, room if load.remaining_s >= load.cold_start_s * _ALL_AT_ONCE_STARTS else min(room, 1))


def comes_too_late(load: Load, *, starting_for_s: float) -> bool:
    """Return whether a container that has been starting for `starting_for_s` seconds finds nothing left to do.

    One that takes longer than a cold start waits for something, and nobody knows how long.
    """
    left_s = load.cold_start_s - starting_for_s
    return load.calls >= max(1, load.sessions) and load.remaining_s < left_s


def is_over(load: Load) -> bool:
    """Return whether enough calls have ended since containers were added to see whether they paid.

    Many a Space loads its model with the first call, which says nothing of the others.
    """
    return load.steady_s >= load.cold_start_s and load.calls >= max(
        _TRIAL_CALLS, _TRIAL_CALLS_A_SESSION * load.sessions
    )


def containers_worth(trial: Trial, load: Load) -> int:
    """Return how many of the containers that are ready are worth keeping, never fewer than before the trial."""
    if trial.rate <= 0:
        return load.ready
    worth = min(load.ready, trial.containers * load.rate / trial.rate - _SLACK)  # which may be infinite
    return min(load.ready, max(trial.containers, math.ceil(worth)))


def next_trial_at(done: int) -> int:
    """Return after how many items another trial is made, when one after `done` items has failed."""
    return max(1, done) * _NEXT_TRIAL


def remaining_items(*, total: int | None, seen: int, finished: int, open_items: int, at_end: bool) -> int:
    """Return how many items are not finished; `seen` were read so far, `open_items` of them are not finished.

    Where nobody knows how many there are, as many as are finished are expected to come: half of it is done.
    """
    if at_end:
        return open_items
    if total is not None:
        return open_items + max(0, total - seen)
    return max(open_items, finished)


def average(before: float, value: float, count: int) -> float:
    """Return the average after `value`, the `count`-th one: of all at first, then the last ones weigh most."""
    return before + (value - before) * max(1 / count, _LATEST_WEIGHT)
