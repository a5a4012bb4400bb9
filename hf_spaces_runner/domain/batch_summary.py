"""What a whole batch came to: how many items, how they ended, how fast; and how that went over its time."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TallySnapshot:
    """How far a batch is. `done` counts all items that came out: those that are `ok`, and those that `failed`.

    `total` is how many there will be, None where nobody knows. `known` of those done were finished by an earlier run.
    `rate` is in items per second since the batch began, known ones left out; None before the first.
    """

    total: int | None
    done: int
    ok: int
    failed: int
    known: int
    rate: float | None
    elapsed_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureGroup:
    """The items that failed with one `verdict`. The example is the first of them; its texts are single lines."""

    verdict: str
    count: int
    example_id: str
    example_error: str | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSummary:
    """How a batch ended.

    `items` came out, `known` of them were finished by an earlier run; of those nothing is in the times and rates here.
    `rate` is in items per second, starts included. `p50_s` and `p95_s` are of the calls that brought an answer, None
    where none did. `cold_start_share` is how much of the time of its containers went into their starts, from 0 to 1.
    `answered_by` says who answered how many items, the most frequent first. `stopped` says why the batch ended before
    its items did; `is_complete` where all items of the input came out.
    """

    items: int
    ok: int
    failed: int
    known: int
    is_complete: bool
    stopped: str | None
    failures: tuple[FailureGroup, ...]
    answered_by: Mapping[str, int]
    elapsed_s: float
    rate: float | None
    p50_s: float | None
    p95_s: float | None
    containers_started: int
    containers_died: int
    containers_recycled: int
    cold_starts_s: float
    cold_start_share: float
    peak_memory_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What came out of a batch from `begin_s` to `end_s` after it began; the spread is of calls that were answered."""

    begin_s: float
    end_s: float
    ok: int
    failed: int
    p50_s: float | None
    p95_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyBin:
    """So many calls that were answered took from `low_s` to `high_s`."""

    low_s: float
    high_s: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSeries:
    """How a batch went over its time, and how long its calls took, the shortest first; bins side by side."""

    moments: tuple[Moment, ...]
    latencies: tuple[LatencyBin, ...]


def summary_as_json(summary: BatchSummary) -> dict[str, object]:
    """Return `summary` as it stands in summary.json and in what `--json` prints."""
    return {
        "items": summary.items,
        "ok": summary.ok,
        "failed": summary.failed,
        "known": summary.known,
        "complete": summary.is_complete,
        "stopped": summary.stopped,
        "failures": {group.verdict: group.count for group in summary.failures},
        "examples": {
            group.verdict: {"id": group.example_id, "error": group.example_error, "hint": group.hint}
            for group in summary.failures
        },
        "answered_by": dict(summary.answered_by),
        "elapsed_s": round(summary.elapsed_s, 3),
        "rate": _rounded(summary.rate),
        "p50_s": _rounded(summary.p50_s),
        "p95_s": _rounded(summary.p95_s),
        "containers": {
            "started": summary.containers_started,
            "died": summary.containers_died,
            "recycled": summary.containers_recycled,
        },
        "cold_starts_s": round(summary.cold_starts_s, 3),
        "cold_start_share": round(summary.cold_start_share, 4),
        "peak_memory_bytes": summary.peak_memory_bytes,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")
