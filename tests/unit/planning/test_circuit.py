import pytest

from hf_spaces_runner import errors
from hf_spaces_runner.errors import RunnerError, TryNext
from hf_spaces_runner.planning.circuit import NOT_ITS_FAULT, resting_until


@pytest.mark.parametrize(
    ("count", "last_at", "now", "until"),
    [
        (0, 1000.0, 1000.0, None),
        (2, 1000.0, 1000.0, None),
        (3, 1000.0, 1000.0, 1600.0),
        (3, 1000.0, 1599.9, 1600.0),
        (3, 1000.0, 1600.0, None),  # rested: one try
        (4, 1600.0, 1601.0, 2200.0),  # which failed
        (50, 1000.0, 1001.0, 1600.0),
        (3, 5000.0, 1000.0, None),  # the clock was set back
    ],
)
def test_who_failed_three_times_rests_for_ten_minutes(
    count: int, last_at: float, now: float, until: float | None
) -> None:
    assert resting_until(count, last_at, now) == until


def every_error(kind: type[RunnerError] = RunnerError) -> list[type[RunnerError]]:
    return [kind, *(below for one in kind.__subclasses__() for below in every_error(one))]


def test_what_no_other_candidate_would_do_better_counts_for_nothing() -> None:
    ours = {kind for kind in every_error() if kind.__module__ == errors.__name__}
    assert {kind.verdict for kind in ours if kind.try_next is not TryNext.YES} <= NOT_ITS_FAULT


@pytest.mark.parametrize(
    "verdict",
    ["space_error", "call_timeout", "out_of_memory", "exited_at_start", "startup_timeout", "unusable_answer", "call"],
)
def test_what_the_candidate_did_counts(verdict: str) -> None:
    assert verdict in {kind.verdict for kind in every_error()}
    assert verdict not in NOT_ITS_FAULT
