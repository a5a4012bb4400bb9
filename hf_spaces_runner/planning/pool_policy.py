"""Decides what the pool of a batch does after a failure: who goes again, what is replaced, and when it ends."""

from dataclasses import dataclass
from enum import StrEnum

from hf_spaces_runner.errors import (
    AnswerError,
    CallError,
    CallTimeoutError,
    InvalidInputError,
    LaunchError,
    NoEndpointError,
    NotReadyError,
    PolicyError,
    RegistryError,
    RunnerError,
    UsageError,
)

FAILED_STARTS = 3
"""So many starts in a row that fail end the attempt to replace a container."""
BARREN_CONTAINERS = 20
"""So many containers in a row that die before they have answered anything end the batch: the Space is broken."""
TIMEOUTS_IN_A_ROW = 3
MEMORY_SHARE = 0.9
_DEATHS_OF_POISON = 2
_ENOUGH_TO_JUDGE = 100
_TRANSIENT = frozenset({"connection_lost", "queue_full", "rate_limited"})


class Fault(StrEnum):
    """Whose fault it is that a call brought no result."""

    ITEM = "the item failed by itself"
    CONTAINER = "its container died, or cannot be trusted any more"
    PASSING = "the container lives, and may answer the next time"
    BATCH = "no other item would fare better"


class Again(StrEnum):
    """What becomes of an item that was not answered through no proven fault of its own."""

    AGAIN = "it goes again"
    ALONE = "it goes again, and nothing else beside it"
    POISON = "it has ended two containers"
    FAILED = "it was tried often enough"


class Restart(StrEnum):
    """What becomes of a container's place after a start that failed."""

    AGAIN = "another start is tried"
    GIVE_UP = "the others go on without it"
    END = "the batch ends"


class Stop(StrEnum):
    """Why a batch takes no more items before its input is at its end."""

    FAIL_FAST = "an item failed"
    TOO_MANY_FAILED = "too many items failed"
    DEADLINE = "the deadline passed"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureLimit:
    """How many items may fail: a number, or a share of all from 0 to 1. Exactly one is set; one more ends the batch."""

    count: int | None = None
    share: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolRules:
    """What the user wants of the pool.

    `retries` is how often an item goes again that was not answered because of its container. `recycle_after` is how
    many items a container is given before it is replaced. At most `most_waiting` items wait for a container, and none
    is begun that comes more than `most_ahead` after the oldest one that is not finished: so many results a caller
    keeps at most to bring them into order.
    """

    max_containers: int = 3
    retries: int = 2
    recycle_after: int | None = None
    fail_fast: bool = False
    failure_limit: FailureLimit | None = None
    most_waiting: int = 64
    most_ahead: int = 1024


def fault_of(error: RunnerError, *, is_alive: bool) -> Fault:
    """Return whose fault `error` of a call is; `is_alive` says whether the container still runs."""
    if isinstance(error, InvalidInputError | NoEndpointError | UsageError | PolicyError | RegistryError):
        return Fault.ITEM  # it never reached the Space
    if isinstance(error, AnswerError):
        return Fault.ITEM if is_alive else Fault.CONTAINER  # one that was cut off makes no sense either
    if isinstance(error, LaunchError | NotReadyError):
        # Out of memory or out of disk. It may still run, but what the engine says of it says so for ever.
        return Fault.CONTAINER
    if not isinstance(error, CallError):
        return Fault.BATCH  # no engine, a full disk
    if not is_alive:
        return Fault.CONTAINER
    return Fault.PASSING if error.verdict in _TRANSIENT else Fault.ITEM


def after_failure(*, failures: int, deaths: int, retries: int) -> Again:
    """Return what becomes of an item that was begun `failures` times for nothing, `deaths` of them with its container.

    With several calls at a time nobody knows which of them ended a container; so each of them goes alone from then on,
    and only one that sees a second end is to blame.
    """
    if deaths >= _DEATHS_OF_POISON:
        return Again.POISON
    if failures > retries:
        return Again.FAILED
    return Again.ALONE if deaths else Again.AGAIN


def after_failed_start(
    *, in_a_row: int, ever_ready: bool, is_extra: bool, is_final: bool, others_ready: int
) -> Restart:
    """Return what to do after the last `in_a_row` starts failed.

    `is_extra` where the batch can do without it, `is_final` where the next start would fare no better. The first start
    of all is not tried again: the Space does not start, and the caller knows who else may answer.
    """
    may_be_last = is_final or in_a_row >= FAILED_STARTS
    if others_ready and (is_extra or may_be_last):
        return Restart.GIVE_UP
    if not ever_ready or may_be_last:
        return Restart.END
    return Restart.AGAIN


def is_hopeless(barren_in_a_row: int) -> bool:
    """Return whether so many containers died without an answer that the next one will, too."""
    return barren_in_a_row >= BARREN_CONTAINERS


def is_worn(*, taken: int, recycle_after: int | None, memory_share: float, timeouts_in_a_row: int, done: int) -> bool:
    """Return whether a container gets no more items, and is replaced.

    `taken` items were given to it, `done` of them were answered; `memory_share` of its cap is in use. One that has
    answered before and now lets one call after the other time out hangs.
    """
    return (
        (recycle_after is not None and taken >= recycle_after)
        or memory_share >= MEMORY_SHARE
        or (done > 0 and timeouts_in_a_row >= TIMEOUTS_IN_A_ROW)
    )


def timeouts_after(before: int, error: RunnerError | None) -> int:
    """Return how many calls in a row have timed out after one that ended with `error`, or well."""
    return before + 1 if isinstance(error, CallTimeoutError) else 0


def stop_after(*, failed: int, done: int, total: int | None, at_end: bool, rules: PoolRules) -> Stop | None:
    """Return why no more items are taken after `failed` of `done` failed; None where the batch goes on.

    A share is judged as if 100 items, or the `total` where that is less, were done already: a few tell nothing.
    """
    if failed and rules.fail_fast:
        return Stop.FAIL_FAST
    limit = rules.failure_limit
    if limit is None:
        return None
    if limit.count is not None and failed > limit.count:
        return Stop.TOO_MANY_FAILED
    if limit.share is not None:
        enough = _ENOUGH_TO_JUDGE if total is None else min(total, _ENOUGH_TO_JUDGE)
        of = done if at_end else max(done, enough)
        if failed > limit.share * of:
            return Stop.TOO_MANY_FAILED
    return None
