"""Decides how long a candidate rests that failed too often lately, and which failures count against it."""

MAX_FAILURES = 3
REST_S = 600.0

_NOT_TRIED_ELSEWHERE = frozenset(
    {
        "failed",
        "usage",
        "configuration",
        "registry",
        "unknown_space",
        "invalid_registry",
        "hub",
        "engine_unavailable",
        "no_slot",
        "no_memory",
        "policy",
        "memory_never_fits",
        "names_outlive_cut",
        "invalid_input",
        "all_failed",
    }
)
"""The verdicts of errors after which no other Space is tried: it would fare no better."""
_OF_THE_MACHINE = frozenset(
    {
        "disk_full",
        "registry_unreachable",
        "port_taken",
        "container_removed",
        "ended_from_outside",
        "network_removed",
        "network_not_ours",
    }
)
_OF_THE_USER = frozenset({"unauthorized", "missing_secret"})
NOT_ITS_FAULT = _NOT_TRIED_ELSEWHERE | _OF_THE_MACHINE | _OF_THE_USER
"""Verdicts that say nothing of the candidate. Runs that were interrupted have none: they are never noted."""


def resting_until(count: int, last_at: float, now: float) -> float | None:
    """Return until when a candidate rests that failed `count` times in a row, the last time at `last_at`.

    None where it may be tried: it failed less often, or it has rested; then one more failure lets it rest again. Times
    in Unix seconds; one that lies in the future, since a clock was set back, counts for nothing.
    """
    until = last_at + REST_S
    return until if count >= MAX_FAILURES and last_at <= now < until else None
