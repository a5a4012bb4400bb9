"""Finds out how a container ended, where it did so without being asked to."""

import time
from collections.abc import Callable

from hf_spaces_runner.domain.container import ContainerState, ContainerStatus
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.orchestrator.engine import Container

_LONGEST_STOP_S, _POLL_S = 3.0, 0.1
_BY_SIGNAL = {137: "SIGKILL", 143: "SIGTERM"}
"""The exit codes of a program that somebody else ended: 128 and the number of the signal."""


def ended_by(state: ContainerState) -> str | None:
    """Return the signal that somebody ended the container with; None where it ended by itself or lacked memory."""
    if state.status is not ContainerStatus.EXITED or state.oom_killed:
        return None
    return _BY_SIGNAL.get(state.exit_code or 0)


def check_engine_stays(
    container: Container, state: ContainerState, *, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Look for a while whether the engine goes as well, where somebody ended the container.

    An engine that stops ends its containers first, and answers until they are gone.

    Raises:
        EngineUnavailableError: it does not answer any more.
        LaunchError: the container was removed as well.
    """
    if ended_by(state) is None:
        return
    deadline = Deadline.after(_LONGEST_STOP_S, time.monotonic)
    while not deadline.passed:
        container.state()
        sleep(_POLL_S)
