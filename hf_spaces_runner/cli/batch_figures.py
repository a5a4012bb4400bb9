"""Says how far a batch is: in words for people, as an object for machines."""

from hf_spaces_runner.batch.pool_state import Phase, PoolState
from hf_spaces_runner.domain.batch_summary import TallySnapshot
from hf_spaces_runner.domain.progress import Progress
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.domain.units import format_duration, format_size

_MESSAGE_LENGTH = 76


def eta_s(snapshot: TallySnapshot, state: PoolState) -> float | None:
    """Return in how many seconds the batch is done if it goes on like this; None where nobody knows."""
    rate = _rate(snapshot, state)
    if snapshot.total is None or not rate:
        return None
    return max(0, snapshot.total - snapshot.done) / rate


def as_json(snapshot: TallySnapshot, state: PoolState) -> dict[str, object]:
    """Return the object of `--progress json`. Times are in seconds, `rate` is in items per second."""
    rate, eta = _rate(snapshot, state), eta_s(snapshot, state)
    return {
        "done": snapshot.done,
        "total": snapshot.total,
        "failed": snapshot.failed,
        "known": snapshot.known,
        "rate": None if rate is None else round(rate, 3),
        "eta_s": None if eta is None else round(eta, 1),
        "in_flight": state.in_flight,
        "containers": [
            {"name": one.name, "phase": one.phase, "in_flight": one.in_flight, "done": one.done}
            for one in state.containers
        ],
        "elapsed_s": round(snapshot.elapsed_s, 3),
    }


def in_words(snapshot: TallySnapshot, state: PoolState) -> str:
    """Return how far the batch is, as one line for people."""
    rate, eta = _rate(snapshot, state), eta_s(snapshot, state)
    parts = [f"{snapshot.done}/{snapshot.total}" if snapshot.total is not None else f"{snapshot.done} items"]
    if snapshot.failed:
        parts.append(f"{snapshot.failed} failed")
    if rate:
        parts.append(rate_in_words(rate))
    if eta is not None and snapshot.done < (snapshot.total or 0):
        parts.append(f"ETA {format_duration(round(eta))}")
    elif snapshot.total is None:
        parts.append(format_duration(round(snapshot.elapsed_s)))
    return ", ".join(parts)


def containers_in_words(state: PoolState, max_running: int | None = None) -> str:
    """Return what the containers do, as one line for people; with how many of the slots they have, where given."""
    counts = [(phase, sum(one.phase is phase for one in state.containers)) for phase in Phase]
    said = ", ".join(f"{count} {phase}" for phase, count in counts if count) or "none"
    slots = "" if max_running is None else f" ({len(state.containers)} of {max_running} slots)"
    parts = [f"containers: {said}{slots}", f"{state.in_flight} in flight"]
    if state.stopped is not None:
        parts.append(f"ending: {state.stopped}")
    if state.again:
        parts.append(f"{state.again} again")
    if state.deaths:
        parts.append(f"{state.deaths} died")
    return ", ".join(parts)


def step_in_words(progress: Progress) -> str:
    """Return a step of a pull, a build or a start as one line."""
    message = one_line(progress.message, limit=_MESSAGE_LENGTH)
    line = f"{message[:1].upper()}{message[1:]}"
    if progress.completed is None or progress.total is None:
        return line
    if progress.unit == "bytes":
        return f"{line} {format_size(progress.completed)}/{format_size(progress.total)}"
    return f"{line} {progress.completed}/{progress.total}"


def rate_in_words(rate: float) -> str:
    """Return a rate of items per second, by the minute or the hour where a second is too short for one."""
    if rate >= 1:
        return f"{rate:.0f}/s" if rate >= 100 else f"{rate:.1f}/s"  # noqa: PLR2004 - three figures are enough
    if rate * 60 >= 1:
        return f"{rate * 60:.1f}/min"
    return f"{rate * 3600:.1f}/h"


def _rate(snapshot: TallySnapshot, state: PoolState) -> float | None:
    """Return the rate of the last items, or of all where the pool has none yet."""
    return state.rate or snapshot.rate
