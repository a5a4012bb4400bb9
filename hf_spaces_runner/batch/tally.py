"""Counts what comes out of a batch, in memory that does not grow with the number of items."""

import json
import math
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hf_spaces_runner.batch.histogram import Histogram
from hf_spaces_runner.batch.item_json import is_good
from hf_spaces_runner.batch.pool_state import PoolState
from hf_spaces_runner.domain.batch_summary import (
    BatchSeries,
    BatchSummary,
    FailureGroup,
    Moment,
    TallySnapshot,
)
from hf_spaces_runner.domain.deadline import Clock
from hf_spaces_runner.domain.item import Item, ItemResult
from hf_spaces_runner.domain.result import Status
from hf_spaces_runner.domain.terminal import one_line

_FIRST_BUCKET_S = 0.25
_MOST_BUCKETS = 240
_FEWEST_MOMENTS, _MOST_MOMENTS, _ITEMS_OF_A_MOMENT = 12, 80, 10
_MOST_NAMES = 100
_OTHERS = "others"


@dataclass(slots=True)
class _Bucket:
    ok: int = 0
    failed: int = 0
    calls: Histogram = field(default_factory=Histogram)

    def merge(self, other: "_Bucket") -> None:
        self.ok += other.ok
        self.failed += other.failed
        self.calls.merge(other.calls)


@dataclass(slots=True)
class _Failures:
    count: int
    example_id: str
    example_error: str | None
    hint: str | None


class Tally:
    """What came out of a batch so far. Its methods may be called from any thread.

    Args:
        total: how many items there will be, known ones included; None where nobody knows. May be set later.
        clock: seconds, monotonic; the batch begins now.
    """

    def __init__(self, total: int | None = None, clock: Clock = time.monotonic) -> None:
        self.total = total
        self._clock = clock
        self._began_at = clock()
        self._lock = threading.Lock()
        self._ok = self._failed = self._known = 0
        self._failures: dict[str, _Failures] = {}
        self._answered_by: Counter[str] = Counter()
        self._calls = Histogram()
        self._buckets: list[_Bucket] = []
        self._width_s = _FIRST_BUCKET_S

    def add(self, item: Item, outcome: ItemResult | bytes) -> None:
        """Count an item that came out of the pool, with its result, or with the body that an earlier run finished.

        Of a body nothing is measured: how long it took says nothing of this run.
        """
        if isinstance(outcome, bytes):
            self._add_known(item, outcome)
            return
        at_s = self._clock() - self._began_at
        ok = outcome.status == Status.OK
        call_s = outcome.timings.call_s if ok and not (outcome.attempts and outcome.attempts[-1].cached) else 0.0
        with self._lock:
            self._count(item, ok, outcome.answered_by, (outcome.verdict, outcome.error, outcome.hint))
            bucket = self._bucket_at(at_s)
            if ok:
                bucket.ok += 1
            else:
                bucket.failed += 1
            if call_s > 0:
                bucket.calls.add(call_s)
                self._calls.add(call_s)

    def snapshot(self) -> TallySnapshot:
        """Return how far the batch is."""
        elapsed_s = self._clock() - self._began_at
        with self._lock:
            done = self._ok + self._failed
            return TallySnapshot(
                total=self.total,
                done=done,
                ok=self._ok,
                failed=self._failed,
                known=self._known,
                rate=_per_second(done - self._known, elapsed_s),
                elapsed_s=elapsed_s,
            )

    def summary(
        self,
        state: PoolState,
        *,
        is_complete: bool,
        stopped: str | None = None,
        elapsed_s: float | None = None,
        peak_memory_bytes: int | None = None,
    ) -> BatchSummary:
        """Return what the batch came to.

        Args:
            state: of the pool when it was at its end.
            is_complete: every item of the input came out.
            stopped: what else than the pool ended the batch early, in a few words.
            elapsed_s: how long the batch took; since this was made where None.
            peak_memory_bytes: the most that a container of it took, where somebody saw it.
        """
        now = self.snapshot()
        took_s = now.elapsed_s if elapsed_s is None else elapsed_s
        # A container that is replaced leaves its place to the next one: so many places were there at most.
        places = max(1, state.starts - state.deaths - state.recycled)
        share = state.cold_starts_s / (took_s * places) if took_s > 0 else 0.0
        with self._lock:
            return BatchSummary(
                items=now.done,
                ok=now.ok,
                failed=now.failed,
                known=now.known,
                is_complete=is_complete,
                stopped=stopped if state.stopped is None else str(state.stopped),
                failures=self._failure_groups(),
                answered_by=dict(self._answered_by.most_common()),
                elapsed_s=took_s,
                rate=_per_second(now.done - now.known, took_s),
                p50_s=self._calls.quantile(0.5),
                p95_s=self._calls.quantile(0.95),
                containers_started=state.starts,
                containers_died=state.deaths,
                containers_recycled=state.recycled,
                cold_starts_s=state.cold_starts_s,
                cold_start_share=min(1.0, share),
                peak_memory_bytes=peak_memory_bytes,
            )

    def series(self) -> BatchSeries:
        """Return how the batch went over its time, until now, in so few moments that each of them tells something."""
        elapsed_s = self._clock() - self._began_at
        with self._lock:
            self._bucket_at(elapsed_s)  # also the time in which nothing came out any more
            ended = sum(bucket.ok + bucket.failed for bucket in self._buckets)
            most = min(_MOST_MOMENTS, max(_FEWEST_MOMENTS, ended // _ITEMS_OF_A_MOMENT))
            wide = math.ceil(len(self._buckets) / most)
            moments = [self._moment(place, wide, elapsed_s) for place in range(0, len(self._buckets), wide)]
            return BatchSeries(moments=tuple(moments), latencies=self._calls.side_by_side())

    def _moment(self, place: int, wide: int, elapsed_s: float) -> Moment:
        """Return `wide` buckets from `place` on as one."""
        joined = _Bucket()
        for bucket in self._buckets[place : place + wide]:
            joined.merge(bucket)
        begin_s = place * self._width_s
        return Moment(
            begin_s=begin_s,
            end_s=max(begin_s, min(begin_s + wide * self._width_s, elapsed_s)),
            ok=joined.ok,
            failed=joined.failed,
            p50_s=joined.calls.quantile(0.5),
            p95_s=joined.calls.quantile(0.95),
        )

    def _add_known(self, item: Item, body: bytes) -> None:
        # Who resumes has looked into the body already, for its files: this costs no more than that did.
        said: dict[str, Any] = json.loads(body)
        with self._lock:
            self._known += 1
            failure = (said.get("verdict"), said.get("error"), said.get("hint"))
            self._count(item, is_good(body), said.get("answered_by"), failure)

    def _count(self, item: Item, ok: bool, by: str | None, failure: tuple[str | None, str | None, str | None]) -> None:
        if by is not None:
            self._answered_by[_name(by, self._answered_by)] += 1
        if ok:
            self._ok += 1
            return
        self._failed += 1
        verdict, error, hint = failure
        name = _name(verdict or "failed", self._failures)
        if name in self._failures:
            self._failures[name].count += 1
        else:
            self._failures[name] = _Failures(1, one_line(item.id), error and one_line(error), hint and one_line(hint))

    def _failure_groups(self) -> tuple[FailureGroup, ...]:
        groups = [
            FailureGroup(
                verdict=verdict,
                count=one.count,
                example_id=one.example_id,
                example_error=one.example_error,
                hint=one.hint,
            )
            for verdict, one in self._failures.items()
        ]
        return tuple(sorted(groups, key=lambda group: (-group.count, group.verdict)))

    def _bucket_at(self, at_s: float) -> _Bucket:
        """Return the bucket of a time, in seconds since the batch began; where there are too many, two become one."""
        while at_s >= _MOST_BUCKETS * self._width_s:
            for one, next_one in zip(self._buckets[::2], self._buckets[1::2], strict=False):
                one.merge(next_one)
            del self._buckets[1::2]
            self._width_s *= 2
        place = int(at_s / self._width_s)
        while len(self._buckets) <= place:
            self._buckets.append(_Bucket())
        return self._buckets[place]


def _name(name: str, counted: dict[str, Any]) -> str:
    """Return `name` as one line; or a name for all others, where too many were counted."""
    line = one_line(name)
    return line if line in counted or len(counted) < _MOST_NAMES else _OTHERS


def _per_second(count: int, seconds: float) -> float | None:
    return count / seconds if count and seconds > 0 else None
