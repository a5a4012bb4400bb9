"""Takes from a container what shows the cause of a failure, before it is removed."""

from hf_spaces_runner.domain.container import ContainerState
from hf_spaces_runner.domain.terminal import printable
from hf_spaces_runner.errors import Evidence, RunnerError
from hf_spaces_runner.orchestrator.engine import Container

EVIDENCE_LINES = 40
_LINE_LENGTH = 400


def take_evidence(container: Container, *, peak_bytes: int | None = None, with_log: bool = True) -> Evidence:
    """Return the last log lines of `container`, how it ended and its peak memory, as far as the engine still tells.

    `peak_bytes` is the most that was seen of it while it ran. `with_log` False leaves out what the Space printed.
    """
    state, memory, oom_seen = None, None, False
    try:
        state = container.state()
        oom_seen = container.oom_seen()
        memory = container.memory()
    except RunnerError:
        pass  # it is gone, or the engine is
    seen = [peak for peak in (peak_bytes, memory.peak_bytes if memory else None) if peak]
    return Evidence(
        log=_log_of(container) if with_log else "",
        exit_code=state.exit_code if state else None,
        oom_killed=oom_seen or (state.oom_killed if state else False),
        peak_memory_bytes=max(seen, default=None),
    )


def ended_for_memory(state: ContainerState) -> bool:
    """Return whether the main process was ended for want of memory; a child may have been, and it lived on."""
    return state.oom_killed and state.exit_code not in {None, 0}


def _log_of(container: Container) -> str:
    try:
        text = container.logs(EVIDENCE_LINES)
    except RunnerError:
        return ""
    # Cut first: a line may be as long as the log.
    return "\n".join(printable(line[: 4 * _LINE_LENGTH])[:_LINE_LENGTH] for line in text.splitlines()[-EVIDENCE_LINES:])
