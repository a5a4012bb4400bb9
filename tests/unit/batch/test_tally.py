import itertools
import json
import random
import statistics
import sys
import threading
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.batch.histogram import Histogram
from hf_spaces_runner.batch.item_json import item_body
from hf_spaces_runner.batch.pool_state import PoolState
from hf_spaces_runner.batch.tally import Tally
from hf_spaces_runner.domain.batch_summary import BatchSummary, summary_as_json
from hf_spaces_runner.domain.item import Item, ItemResult
from hf_spaces_runner.domain.result import Attempt, CandidateKind, Status, Timings
from hf_spaces_runner.planning.pool_policy import Stop

HOSTILE = "\x1b[31mred\nnext line"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def item(index: int = 0) -> Item:
    return Item(index=index, id=f"i{index}", source=f"rows.csv:{index}")


def good(call_s: float = 0.5, by: str = "moods", **more: Any) -> ItemResult:
    return ItemResult(status=Status.OK, answered_by=by, timings=Timings(call_s=call_s), **more)


def bad(verdict: str | None = "space_error", **more: Any) -> ItemResult:
    return ItemResult(status=Status.FAILED, verdict=verdict, timings=Timings(call_s=60.0), **more)


def state(**changes: Any) -> PoolState:
    values: dict[str, Any] = {
        "containers": (),
        "waiting": 0,
        "again": 0,
        "done": 0,
        "failed": 0,
        "rate": None,
        "starts": 1,
        "deaths": 0,
        "recycled": 0,
        "cold_starts_s": 0.0,
        "stopped": None,
    }
    return PoolState(**{**values, **changes})


def summed_up(tally: Tally, **changes: Any) -> BatchSummary:
    return tally.summary(state(**changes), is_complete=True)


@given(st.lists(st.floats(min_value=1e-4, max_value=1e4), min_size=1, max_size=300), st.sampled_from([0.5, 0.95]))
def test_a_quantile_is_off_by_the_width_of_a_bin_at_most(durations: list[float], part: float) -> None:
    histogram = Histogram()
    for seconds in durations:
        histogram.add(seconds)
    found = histogram.quantile(part)
    assert found is not None
    rank = max(1, -int(-part * len(durations) // 1))  # rounded up
    exact = sorted(durations)[rank - 1]
    assert exact / 1.051 <= found <= exact * 1.051


def test_calls_that_all_took_the_same_are_told_exactly() -> None:
    tally = Tally()
    for number in range(100):
        tally.add(item(number), good(1.0))
    found = summed_up(tally)
    assert (found.p50_s, found.p95_s) == (1.0, 1.0)


@given(st.lists(st.floats(min_value=1e-5, max_value=1e3)), st.lists(st.floats(min_value=1e-5, max_value=1e3)))
def test_two_histograms_become_what_one_would_have_been(first: list[float], second: list[float]) -> None:
    parts, whole = (Histogram(), Histogram()), Histogram()
    for histogram, durations in zip(parts, (first, second), strict=True):
        for seconds in durations:
            histogram.add(seconds)
            whole.add(seconds)
    parts[0].merge(parts[1])
    assert parts[0].side_by_side() == whole.side_by_side()
    assert [parts[0].quantile(part) for part in (0.0, 0.5, 1.0)] == [whole.quantile(part) for part in (0.0, 0.5, 1.0)]
    assert sum(one.count for one in whole.side_by_side()) == len(first) + len(second)


@pytest.mark.parametrize("seconds", [0.0, 1e-12, 1e300, float("inf")])
def test_no_duration_is_too_short_or_too_long(seconds: float) -> None:
    histogram = Histogram()
    histogram.add(seconds)
    found = histogram.quantile(0.5)
    assert found is not None
    assert 1e-7 < found < 1e8


def test_what_came_out_is_counted() -> None:
    clock = Clock()
    tally = Tally(10, clock)
    clock.now += 4.0
    for number in range(3):
        tally.add(item(number), good())
    tally.add(item(3), good(by="backup"))
    tally.add(item(4), bad(error=HOSTILE, hint="look at the row"))
    tally.add(item(5), bad(error="another"))
    tally.add(item(6), bad("call_timeout"))
    tally.add(item(7), bad(None))
    now = tally.snapshot()
    assert (now.total, now.done, now.ok, now.failed, now.known, now.rate) == (10, 8, 4, 4, 0, 2.0)
    found = summed_up(tally)
    assert [(one.verdict, one.count, one.example_id) for one in found.failures] == [
        ("space_error", 2, "i4"),
        ("call_timeout", 1, "i6"),
        ("failed", 1, "i7"),
    ]
    assert (found.failures[0].example_error, found.failures[0].hint) == ("red next line", "look at the row")
    assert list(found.answered_by.items()) == [("moods", 3), ("backup", 1)]
    assert (found.items, found.ok, found.failed, found.elapsed_s, found.rate) == (8, 4, 4, 4.0, 2.0)
    assert found.p95_s == pytest.approx(0.5), "calls that failed are not in the times"


def test_what_an_earlier_run_finished_counts_but_is_in_no_rate_and_no_time() -> None:
    clock = Clock()
    tally = Tally(4, clock)
    clock.now += 2.0
    tally.add(item(0), item_body(good(99.0)))
    tally.add(item(1), item_body(bad("poison", error="it ended two containers")))
    assert tally.snapshot().rate is None
    tally.add(item(2), good(0.25))
    found = summed_up(tally)
    assert (found.items, found.ok, found.failed, found.known, found.rate) == (3, 2, 1, 2, 0.5)
    assert (found.p50_s, found.failures[0].verdict, found.answered_by) == (0.25, "poison", {"moods": 2})
    assert sum(one.ok + one.failed for one in tally.series().moments) == 1


def test_an_answer_that_was_kept_is_no_call() -> None:
    tally = Tally()
    kept = Attempt(kind=CandidateKind.SPACE, name="moods", status=Status.OK, cached=True)
    tally.add(item(), good(attempts=(kept,)))
    assert summed_up(tally).p50_s is None


def test_of_nothing_there_is_a_summary_too() -> None:
    tally = Tally(clock=Clock())
    found = summed_up(tally, starts=0)
    assert (found.items, found.rate, found.p50_s, found.cold_start_share, found.failures) == (0, None, None, 0.0, ())
    assert sum(one.ok for one in tally.series().moments) == 0
    assert tally.series().latencies == ()


@pytest.mark.parametrize(
    ("changes", "share"),
    [
        ({"starts": 1, "cold_starts_s": 2.0}, 0.2),
        ({"starts": 2, "cold_starts_s": 4.0}, 0.2),  # side by side
        ({"starts": 2, "deaths": 1, "cold_starts_s": 4.0}, 0.4),  # one after the other
        ({"starts": 3, "deaths": 1, "recycled": 1, "cold_starts_s": 30.0}, 1.0),
        ({"starts": 0, "cold_starts_s": 0.0}, 0.0),
    ],
)
def test_how_much_of_the_time_went_into_starts(changes: dict[str, Any], share: float) -> None:
    found = Tally().summary(state(**changes), is_complete=True, elapsed_s=10.0)
    assert found.cold_start_share == pytest.approx(share)


def test_why_it_ended() -> None:
    assert Tally().summary(state(), is_complete=False, stopped="interrupted").stopped == "interrupted"
    found = Tally().summary(state(stopped=Stop.DEADLINE), is_complete=False, stopped="interrupted")
    assert (found.stopped, found.is_complete) == ("the deadline passed", False)


def test_the_form_of_summary_json() -> None:
    clock = Clock()
    tally = Tally(2, clock)
    clock.now += 2.0
    tally.add(item(0), good(1 / 3))
    tally.add(item(1), bad(error="no", hint="try"))
    found = tally.summary(state(starts=2, deaths=1, cold_starts_s=0.5), is_complete=True, peak_memory_bytes=2048)
    assert json.loads(json.dumps(summary_as_json(found))) == {
        "items": 2,
        "ok": 1,
        "failed": 1,
        "known": 0,
        "complete": True,
        "stopped": None,
        "failures": {"space_error": 1},
        "examples": {"space_error": {"id": "i1", "error": "no", "hint": "try"}},
        "answered_by": {"moods": 1},
        "elapsed_s": 2.0,
        "rate": 1.0,
        "p50_s": 0.3333,
        "p95_s": 0.3333,
        "containers": {"started": 2, "died": 1, "recycled": 0},
        "cold_starts_s": 0.5,
        "cold_start_share": 0.25,
        "peak_memory_bytes": 2048,
    }


@given(st.lists(st.tuples(st.floats(min_value=0, max_value=5000), st.booleans()), max_size=200))
def test_over_its_time_nothing_is_lost_and_nothing_overlaps(steps: list[tuple[float, bool]]) -> None:
    clock = Clock()
    tally = Tally(clock=clock)
    for number, (seconds, ok) in enumerate(steps):
        clock.now += seconds
        tally.add(item(number), good() if ok else bad())
    moments = tally.series().moments
    assert sum(one.ok for one in moments) == sum(ok for _, ok in steps)
    assert sum(one.failed for one in moments) == sum(not ok for _, ok in steps)
    assert 1 <= len(moments) <= 80
    assert moments[0].begin_s == 0.0
    assert all(one.end_s == later.begin_s for one, later in itertools.pairwise(moments))
    assert moments[-1].end_s == pytest.approx(clock.now - 100.0)


def test_what_came_when_is_told_of_a_long_batch() -> None:
    clock = Clock()
    tally = Tally(clock=clock)
    for number in range(20_000):
        clock.now += 1.0
        tally.add(item(number), good(0.1 if number < 10_000 else 0.4))
    moments = tally.series().moments
    rates = [one.ok / (one.end_s - one.begin_s) for one in moments[:-1]]
    assert statistics.mean(rates) == pytest.approx(1.0, rel=0.01)
    early = [one.p50_s for one in moments if one.end_s < 10_000]
    late = [one.p50_s for one in moments if one.begin_s > 10_000]
    assert early == pytest.approx([0.1] * len(early))
    assert late == pytest.approx([0.4] * len(late))
    assert len(early) > 20
    assert len(late) > 20


def test_memory_does_not_grow_with_the_items() -> None:
    clock = Clock()
    tally = Tally(clock=clock)
    draw = random.Random(1)  # noqa: S311 - no secret
    outcomes = [good(draw.lognormvariate(0, 0.1), f"model {number}\n") for number in range(500)]
    outcomes += [bad(f"verdict {number}", error="x" * 10_000) for number in range(500)]

    def run(count: int) -> None:
        for number in range(count):
            clock.now += 0.5
            tally.add(item(number), outcomes[number % 1000])

    tracemalloc.start()
    run(10_000)
    before, _ = tracemalloc.get_traced_memory()
    run(90_000)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after < 3 * before, "ten times as many items"
    found = summed_up(tally)
    assert found.items == 100_000
    assert sum(found.answered_by.values()) == sum(one.count for one in found.failures) == 50_000
    assert max(len(found.answered_by), len(found.failures)) <= 101


def test_several_threads_count_together() -> None:
    tally = Tally()

    def count() -> None:
        for number in range(1000):
            tally.add(item(), good() if number % 2 else bad())

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=count) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    found = summed_up(tally)
    assert (found.ok, found.failed, found.failures[0].count, found.answered_by) == (4000, 4000, 4000, {"moods": 4000})
