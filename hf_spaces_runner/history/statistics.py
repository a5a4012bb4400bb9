"""Reads the attempts of the past back for statistics."""

import math
import time

from hf_spaces_runner.domain.result import Timings
from hf_spaces_runner.history.attempt_log import AttemptLog
from hf_spaces_runner.planning.sum_up import PastAttempt

_CLOCKS_DIFFER_S = 24 * 3600.0


def past_attempts(log: AttemptLog, *, since: float = 0.0, name: str | None = None) -> list[PastAttempt]:
    """Return the attempts in `log` from `since` (Unix seconds) on, the oldest first; only those of `name` if given.

    Raises:
        RunnerError: the log cannot be read.
    """
    return [
        PastAttempt(
            at=at,
            run_id=run_id,
            kind=kind,
            name=of,
            tier=tier,
            status=status,
            verdict=verdict,
            timings=Timings(pull_s=pull_s, wait_s=wait_s, start_s=start_s, ready_s=ready_s, call_s=call_s),
            peak_memory_bytes=peak,
        )
        for at, run_id, kind, of, tier, status, verdict, pull_s, wait_s, start_s, ready_s, call_s, peak in filter(
            _is_ours, log.rows(since=since, name=name)
        )
    ]


def _is_ours(row: tuple[object, ...]) -> bool:
    """Return whether `row` can be one that was noted: SQLite keeps whatever is written into a column.

    A time that is still to come was noted when the clock was wrong.
    """
    at, run_id, kind, name, tier, status, verdict, *seconds, peak = row
    return (
        all(isinstance(text, str) for text in (run_id, kind, name, tier, status, "" if verdict is None else verdict))
        and all(isinstance(number, float) and 0 <= number < math.inf for number in (at, *seconds))
        and isinstance(at, float)
        and at <= time.time() + _CLOCKS_DIFFER_S
        and (peak is None or (isinstance(peak, int) and peak >= 0))
    )
