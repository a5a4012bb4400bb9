"""Waits until the Space in a container answers, and says why when it never does."""

import math
import time
from collections.abc import Callable
from dataclasses import replace

from hf_spaces_runner.domain.api import Api, ApiKind, Spoken
from hf_spaces_runner.domain.cause import Cause
from hf_spaces_runner.domain.container import ContainerState, ContainerStatus
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback
from hf_spaces_runner.domain.units import format_duration
from hf_spaces_runner.errors import (
    ContainerExitedError,
    Evidence,
    LaunchError,
    MemoryExceededError,
    StartupTimeoutError,
)
from hf_spaces_runner.orchestrator.ending import check_engine_stays, ended_by
from hf_spaces_runner.orchestrator.engine import Container
from hf_spaces_runner.orchestrator.evidence import ended_for_memory, take_evidence
from hf_spaces_runner.orchestrator.http_get import NotReadyYet
from hf_spaces_runner.orchestrator.probe import probe
from hf_spaces_runner.orchestrator.wrong_port import NOTHING_LISTENS, Listeners

ANY_API = Api()
_PROBE_TIMEOUT_S = 10.0
_LOOK_EVERY_S, _LOOK_WHEN_REFUSED_S = 1.0, 0.1
# The init process of the container, and every shell, say so when a command cannot be executed or is not there.
_PAGE_SETTLES_S = 2.0
"""How long a page stays all that there is before it is taken for the app: some show one while they start."""
_PAGE_EVERY_S = 0.25
_NO_COMMAND = frozenset({126, 127})
_SHORTEST_S, _LONGEST_S, _SHARE = 0.01, 0.5, 0.005


def wait_until_ready(
    container: Container,
    deadline: Deadline,
    on_progress: ProgressCallback,
    *,
    api: Api = ANY_API,
    remembered: ApiKind | None = None,
    evidence_of: Callable[[Container], Evidence] = take_evidence,
    sleep: Callable[[float], None] = time.sleep,
) -> Spoken:
    """Poll the Space until it answers as `api` says, and return what it speaks; look after the container in between.

    The pause between two polls is 0.5 % of the time waited so far, from 10 ms to 0.5 s: what is lost to polling stays
    in proportion to what the Space itself takes. `remembered` is what the same image spoke before.

    Raises:
        ContainerExitedError: the container ended by itself.
        MemoryExceededError: it was ended for using more memory than its cap.
        LaunchError: its command is not there.
        ListensElsewhereError: a Gradio app answers on another port of the container.
        NotReadyError: it listens where nobody outside the container can reach it.
        StartupTimeoutError: nothing answered before `deadline`, or something else.
    """
    observed = "nothing answered on its port"
    looked_at = -math.inf
    refused = True
    page_since: float | None = None
    listeners = Listeners(container, deadline)
    on_progress(Progress(phase=Phase.READY, message=f"waiting for {container.name}"))
    while True:
        now = deadline.clock()
        # To look costs the engine more than a poll, so it is done where there is reason to.
        if now - looked_at >= (_LOOK_WHEN_REFUSED_S if refused else _LOOK_EVERY_S):
            looked_at = now
            _raise_if_over(container, container.state(), evidence_of)
            listeners.look(evidence_of)
        if container.port:
            try:
                timeout_s = min(_PROBE_TIMEOUT_S, max(deadline.remaining_s, 0.1))
                spoken = probe(container.port, api, timeout_s, remembered=remembered)
            except NotReadyYet as seen:
                observed = seen.observed or observed
                refused = seen.refused
            else:
                page_since = now if page_since is None else page_since
                is_known = ApiKind.PAGE in {api.kind, remembered}
                if spoken.kind is not ApiKind.PAGE or is_known or now - page_since >= _PAGE_SETTLES_S:
                    on_progress(Progress(phase=Phase.READY, message="ready", done=True))
                    return spoken
                observed, refused = "its port answers with a page", False
        if deadline.passed:
            state = container.state()
            _raise_if_over(container, state, evidence_of)
            raise _never_ready(container, deadline, observed, evidence_of(container), listeners)
        waited_s = deadline.limit_s - deadline.remaining_s
        # Each look at a page is five lines in the app's log.
        shortest_s = _SHORTEST_S if page_since is None else _PAGE_EVERY_S
        sleep(min(_LONGEST_S, max(shortest_s, waited_s * _SHARE)))


def _raise_if_over(container: Container, state: ContainerState, evidence_of: Callable[[Container], Evidence]) -> None:
    if state.status is not ContainerStatus.EXITED:
        return
    evidence = evidence_of(container)
    # The state may say that it was killed before it says what for.
    state = replace(state, oom_killed=state.oom_killed or evidence.oom_killed)
    check_engine_stays(container, state)
    if ended_for_memory(state):
        raise MemoryExceededError(
            f"{container.name} was ended while it started: it needed more memory than its cap", evidence=evidence
        )
    if (signal := ended_by(state)) is not None:
        raise ContainerExitedError(
            f"{container.name} was ended from outside ({signal}) before it answered",
            verdict="ended_from_outside",
            hint="something on this machine stopped it, or the Space itself did; try again",
            evidence=evidence,
        )
    from hf_spaces_runner.planning.log_parts import last_words  # noqa: PLC0415 - most Spaces come up, and need none

    said = state.error or last_words(evidence.log)
    if state.exit_code in _NO_COMMAND:
        raise LaunchError(
            f"the image of {container.name} has no such command{f': {said}' if said else ''}",
            verdict="command_not_found",
            hint="look at the command that --dry-run prints: the image may not be one of a Space",
            evidence=evidence,
        )
    cause = _cause_in(evidence, running=False)
    because = f" ({cause.says})" if cause else ""
    raise ContainerExitedError(
        f"{container.name} ended with exit code {state.exit_code} before it answered"
        + (f": {said}" if said else " and printed nothing")
        + because,
        verdict=cause.verdict if cause else None,
        hint=cause.hint if cause else None,
        evidence=evidence,
    )


def _never_ready(
    container: Container, deadline: Deadline, observed: str, evidence: Evidence, listeners: Listeners
) -> StartupTimeoutError:
    message = f"{container.name} was not ready within {format_duration(deadline.limit_s)}"
    cause: Cause | None
    if evidence.oom_killed:
        cause = Cause(
            verdict="child_out_of_memory",
            says="a process in it was ended for using more memory than the cap of the container",
            hint=MemoryExceededError.hint or "",
        )
    else:
        where = listeners.explain()
        # An app that listens has got over what it printed before.
        listens = where is not None and where.verdict != NOTHING_LISTENS
        cause = where if listens else _cause_in(evidence, running=True) or where
    if cause is None:
        return StartupTimeoutError(f"{message}: {observed}", evidence=evidence)
    return StartupTimeoutError(f"{message}: {cause.says}", verdict=cause.verdict, hint=cause.hint, evidence=evidence)


def _cause_in(evidence: Evidence, *, running: bool) -> Cause | None:
    from hf_spaces_runner.planning.log_causes import find_cause  # noqa: PLC0415 - most Spaces come up, and need none

    return find_cause(evidence.log, exit_code=evidence.exit_code, running=running)
