"""Reads the attempts of the past back for statistics."""

from hf_spaces_runner.domain.result import Timings
from hf_spaces_runner.history.attempt_log import AttemptLog
from hf_spaces_runner.planning.sum_up import PastAttempt


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
        for at, run_id, kind, of, tier, status, verdict, pull_s, wait_s, start_s, ready_s, call_s, peak in log.rows(
            since=since, name=name
        )
    ]
