"""Sums up attempts: how many succeeded, how long each phase took, what they failed of, how much memory they took."""

import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from hf_spaces_runner.domain.result import Status, Timings

PHASES: Mapping[str, Callable[[Timings], float]] = {
    "pull": lambda timings: timings.pull_s,
    "wait": lambda timings: timings.wait_s,
    "start": lambda timings: timings.start_s,
    "ready": lambda timings: timings.ready_s,
    "call": lambda timings: timings.call_s,
    "total": lambda timings: sum(
        (timings.pull_s, timings.wait_s, timings.start_s, timings.ready_s, timings.call_s), start=0.0
    ),
}
"""The phases by name, with how many seconds each took; `total` is all of them together."""
_TWENTIETHS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PastAttempt:
    """One attempt of the past; `at` is when it ended, in Unix seconds."""

    at: float
    run_id: str
    kind: str
    name: str
    tier: str
    status: str
    verdict: str | None = None
    timings: Timings = field(default_factory=Timings)
    peak_memory_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The middle of some durations, and what 95 of 100 were not above, in seconds."""

    median_s: float
    p95_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Attempts that have something in common: `name`.

    `tried` leaves out those that were skipped. `phases` are of those that succeeded, empty where none did.
    `verdicts` are of those that failed, the most frequent first. `peak_memory_bytes` is the most that was seen.
    """

    name: str
    tried: int
    succeeded: int
    skipped: int
    phases: Mapping[str, Spread]
    verdicts: Mapping[str, int]
    peak_memory_bytes: int | None

    @property
    def success_rate(self) -> float | None:
        """The part of `tried` that succeeded, from 0 to 1; None where there was none."""
        return self.succeeded / self.tried if self.tried else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """All attempts, and those of each candidate and each tier, the most frequent first.

    `runs` is how many runs the attempts belong to, `answered` how many of them brought an answer; one run may try
    several candidates.
    """

    runs: int
    answered: int
    total: Group
    by_name: tuple[Group, ...]
    by_tier: tuple[Group, ...]


def sum_up(attempts: Sequence[PastAttempt]) -> Statistics:
    """Return the statistics of `attempts`."""
    return Statistics(
        runs=len({one.run_id for one in attempts}),
        answered=len({one.run_id for one in attempts if one.status == Status.OK}),
        total=_group("all", attempts),
        by_name=_groups(attempts, lambda one: one.name),
        by_tier=_groups(attempts, lambda one: one.tier),
    )


def _groups(attempts: Sequence[PastAttempt], key: Callable[[PastAttempt], str]) -> tuple[Group, ...]:
    members: dict[str, list[PastAttempt]] = {}
    for one in attempts:
        members.setdefault(key(one), []).append(one)
    groups = [_group(name, own) for name, own in members.items()]
    return tuple(sorted(groups, key=lambda group: (-group.tried, group.name)))


def _group(name: str, attempts: Sequence[PastAttempt]) -> Group:
    tried = [one for one in attempts if one.status != Status.SKIPPED]
    good = [one for one in tried if one.status == Status.OK]
    verdicts = Counter(one.verdict or "failed" for one in tried if one.status == Status.FAILED)
    return Group(
        name=name,
        tried=len(tried),
        succeeded=len(good),
        skipped=len(attempts) - len(tried),
        phases={phase: _spread([took(one.timings) for one in good]) for phase, took in PHASES.items()} if good else {},
        verdicts=dict(sorted(verdicts.items(), key=lambda item: (-item[1], item[0]))),
        peak_memory_bytes=max((one.peak_memory_bytes for one in tried if one.peak_memory_bytes), default=None),
    )


def _spread(durations: Sequence[float]) -> Spread:
    if len(durations) == 1:
        return Spread(median_s=durations[0], p95_s=durations[0])
    p95 = statistics.quantiles(durations, n=_TWENTIETHS, method="inclusive")[-1]
    return Spread(median_s=statistics.median(durations), p95_s=p95)
