import pytest

from hf_spaces_runner.domain.result import Timings
from hf_spaces_runner.planning.sum_up import Group, PastAttempt, Spread, Statistics, sum_up


def past(
    name: str = "a-space",
    status: str = "ok",
    verdict: str | None = None,
    *,
    run_id: str = "run",
    tier: str = "heavy",
    call_s: float = 0.0,
    pull_s: float = 0.0,
    peak: int | None = None,
) -> PastAttempt:
    timings = Timings(pull_s=pull_s, start_s=1.0, call_s=call_s)
    return PastAttempt(
        at=0.0,
        run_id=run_id,
        kind="space",
        name=name,
        tier=tier,
        status=status,
        verdict=verdict,
        timings=timings,
        peak_memory_bytes=peak,
    )


def test_nothing_is_nothing() -> None:
    nothing = Group(name="all", tried=0, succeeded=0, skipped=0, phases={}, verdicts={}, peak_memory_bytes=None)
    assert sum_up([]) == Statistics(runs=0, answered=0, total=nothing, by_name=(), by_tier=())
    assert nothing.success_rate is None


def test_a_run_that_was_answered_by_the_second_counts_once_for_each() -> None:
    found = sum_up(
        [
            past("first", "failed", "space_error", run_id="1", call_s=99.0),
            past("left-out", "skipped", run_id="1"),
            past("second", run_id="1", tier="fast"),
            past("first", "failed", None, run_id="2"),
        ]
    )
    assert (found.runs, found.answered) == (2, 1)
    assert [(one.name, one.tried, one.succeeded, one.skipped) for one in found.by_name] == [
        ("first", 2, 0, 0),
        ("second", 1, 1, 0),
        ("left-out", 0, 0, 1),
    ]
    assert [(one.name, one.tried, one.success_rate) for one in found.by_tier] == [("heavy", 2, 0.0), ("fast", 1, 1.0)]
    assert (found.total.tried, found.total.succeeded, found.total.skipped) == (3, 1, 1)


@pytest.mark.parametrize(
    ("calls", "median_s", "p95_s"),
    [([7.0], 7.0, 7.0), ([1.0, 3.0], 2.0, 2.9), ([float(n) for n in range(101)], 50.0, 95.0)],
)
def test_how_long_those_took_that_succeeded(calls: list[float], median_s: float, p95_s: float) -> None:
    tried = [past(call_s=seconds, pull_s=10.0) for seconds in calls]
    phases = sum_up([*tried, past(status="failed", call_s=1e6)]).total.phases
    for phase, more_s in (("call", 0), ("total", 11)):
        assert phases[phase].median_s == pytest.approx(median_s + more_s)
        assert phases[phase].p95_s == pytest.approx(p95_s + more_s)
    assert phases["wait"] == Spread(median_s=0.0, p95_s=0.0)
    assert list(phases) == ["pull", "wait", "start", "ready", "call", "total"]


def test_verdicts_come_by_number_and_memory_by_its_peak() -> None:
    failed = [past(status="failed", verdict=verdict) for verdict in ("b", "a", "c", "c")]
    found = sum_up([*failed, past(peak=5), past(status="failed", peak=9), past()]).total
    assert list(found.verdicts.items()) == [("c", 2), ("a", 1), ("b", 1), ("failed", 1)]
    assert found.peak_memory_bytes == 9
