"""Waits until the Space in a container answers, and says why when it never does."""

import math
import re
import time
from collections.abc import Callable

from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.launch import ContainerState, ContainerStatus
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback
from hf_spaces_runner.domain.units import format_duration
from hf_spaces_runner.errors import (
    ContainerExitedError,
    LaunchError,
    MemoryExceededError,
    NotReadyError,
    StartupTimeoutError,
)
from hf_spaces_runner.orchestrator.engine import Container
from hf_spaces_runner.orchestrator.evidence import last_words, log_evidence
from hf_spaces_runner.orchestrator.probe import NotReadyYet, probe_gradio

_PROBE_TIMEOUT_S = 10.0
# Parsed JSON takes up to twenty times its text, and the text is written by the Space.
_LOOK_EVERY_S, _LOOK_WHEN_REFUSED_S = 1.0, 0.1
# The init process of the container, and every shell, say so when a command cannot be executed or is not there.
_NO_COMMAND = frozenset({126, 127})
# What Gradio and uvicorn log when an app was launched with server_name="127.0.0.1".
_LISTENS_INSIDE_ONLY = re.compile(r"running on .*http://(127\.0\.0\.1|localhost):", re.IGNORECASE)
_LOOPBACK_HINT = (
    'the app listens on 127.0.0.1, which is the container\'s own: launch it with server_name="0.0.0.0", or with none'
)
_SHORTEST_S, _LONGEST_S, _SHARE = 0.01, 0.5, 0.005


def wait_until_ready(
    container: Container,
    deadline: Deadline,
    on_progress: ProgressCallback,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> bytes:
    """Poll the Space's `/config` until it is Gradio's, and return it; look after the container in between.

    The pause between two polls is 0.5 % of the time waited so far, from 10 ms to 0.5 s: what is lost to polling stays
    in proportion to what the Space itself takes. Source: `GET /config` answers with `dependencies` in every Gradio
    version, and is never prefixed.

    Raises:
        ContainerExitedError: the container ended by itself.
        MemoryExceededError: it was ended for using more memory than its cap.
        LaunchError: its command is not there.
        StartupTimeoutError: nothing answered before `deadline`, or something that is not Gradio.
    """
    observed = "nothing answered on its port"
    looked_at = -math.inf
    refused = True
    on_progress(Progress(phase=Phase.READY, message=f"waiting for {container.name}"))
    while True:
        now = deadline.clock()
        # To look costs the engine more than a poll, so it is done where there is reason to.
        if now - looked_at >= (_LOOK_WHEN_REFUSED_S if refused else _LOOK_EVERY_S):
            looked_at = now
            _raise_if_over(container, container.state())
        if container.port:
            try:
                config = probe_gradio(container.port, min(_PROBE_TIMEOUT_S, max(deadline.remaining_s, 0.1)))
            except NotReadyYet as seen:
                observed = seen.observed or observed
                refused = seen.refused
            else:
                on_progress(Progress(phase=Phase.READY, message="ready", done=True))
                return config
        if deadline.passed:
            _raise_if_over(container, container.state())
            raise _never_ready(container, deadline, observed)
        waited_s = deadline.limit_s - deadline.remaining_s
        sleep(min(_LONGEST_S, max(_SHORTEST_S, waited_s * _SHARE)))


def _raise_if_over(container: Container, state: ContainerState) -> None:
    if state.status is not ContainerStatus.EXITED:
        return
    evidence = log_evidence(container)
    if state.oom_killed:
        raise MemoryExceededError(
            f"{container.name} was ended while it started: it needed more memory than its cap", evidence=evidence
        )
    said = state.error or last_words(evidence)
    if state.exit_code in _NO_COMMAND:
        raise LaunchError(
            f"the image of {container.name} has no such command{f': {said}' if said else ''}",
            verdict="command_not_found",
            hint="look at the command that --dry-run prints: the image may not be one of a Space",
            evidence=evidence,
        )
    raise ContainerExitedError(
        f"{container.name} ended with exit code {state.exit_code} before it answered"
        + (f": {said}" if said else " and printed nothing"),
        evidence=evidence,
    )


def _never_ready(container: Container, deadline: Deadline, observed: str) -> NotReadyError:
    limit = format_duration(deadline.limit_s)
    evidence = log_evidence(container)
    hint = _LOOPBACK_HINT if _LISTENS_INSIDE_ONLY.search(evidence) else None
    return StartupTimeoutError(
        f"{container.name} was not ready within {limit}: {observed}", hint=hint, evidence=evidence
    )
