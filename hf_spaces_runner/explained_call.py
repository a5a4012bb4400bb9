"""Explains a call that failed by what its container knows: how it ended, and its last log lines."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from hf_spaces_runner.domain.container import ContainerState, ContainerStatus
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.errors import (
    CallError,
    EngineUnavailableError,
    InvalidInputError,
    MemoryExceededError,
    NoEndpointError,
    RunnerError,
    SpaceFailedError,
)
from hf_spaces_runner.orchestrator.ending import check_engine_stays, ended_by
from hf_spaces_runner.orchestrator.evidence import ended_for_memory
from hf_spaces_runner.ready_space import ReadySpace

_GRACE_S, _GRACE_POLL_S = 3.0, 0.05


@contextmanager
def explained(ready: ReadySpace) -> Iterator[None]:
    """Give an error of the call what the container knows of it: how it ended, and its last log lines."""
    try:
        yield
    except CallError as error:
        if isinstance(error, InvalidInputError | NoEndpointError):
            raise  # The Space has done nothing; its log would only hide the message.
        state = _state_after(ready, error)
        if ready.watch is not None and ready.watch.ended_it is not None:
            ready.watch.ended_it.evidence = ready.evidence()
            raise ready.watch.ended_it from error
        error.evidence = error.evidence or ready.evidence()
        # The state may say that it was killed before it says what for.
        _raise_if_ended(ready, error, replace(state, oom_killed=state.oom_killed or error.evidence.oom_killed))
        log = error.evidence.log
        if isinstance(error, SpaceFailedError) and error.verdict == "space_error_hidden" and log:
            from hf_spaces_runner.planning.log_parts import last_words  # noqa: PLC0415 - most calls need none

            error.message = f"{error.message}; the last line of its log is: {last_words(log)}"
        _name_cause(error, log)
        raise


def _state_after(ready: ReadySpace, error: CallError) -> ContainerState:
    # A connection breaks a moment before the engine knows that the container has ended.
    grace = Deadline.after(_GRACE_S if error.verdict == "connection_lost" else 0.0, time.monotonic)
    while True:
        try:
            state = ready.container.state()
        except EngineUnavailableError as gone:
            raise gone from error
        except RunnerError:
            # Something else removed it, which the call's error says well enough.
            return ContainerState(status=ContainerStatus.RUNNING)
        if state.status is ContainerStatus.EXITED or grace.passed:
            return state
        time.sleep(_GRACE_POLL_S)


def _raise_if_ended(ready: ReadySpace, error: CallError, state: ContainerState) -> None:
    name = ready.container.name
    if state.status is not ContainerStatus.EXITED:
        if state.oom_killed:
            raise MemoryExceededError(
                f"a process in {name} was ended during the call: it needed more memory than the container's cap",
                verdict="child_out_of_memory",
                evidence=error.evidence,
            ) from error
        return
    if ended_for_memory(state):
        raise MemoryExceededError(
            f"{name} was ended during the call: it needed more memory than its cap", evidence=error.evidence
        ) from error
    if (signal := ended_by(state)) is not None:
        _raise_if_engine_goes(ready, error, state)
        raise CallError(
            f"{name} was ended from outside ({signal}) during the call",
            verdict="ended_from_outside",
            hint="something on this machine stopped it, or the Space itself did; try again",
            evidence=error.evidence,
        ) from error
    raise CallError(
        f"{name} ended during the call with exit code {state.exit_code}",
        verdict="exited_during_call",
        hint="its last lines say why; hfsr run -v shows all of them",
        evidence=error.evidence,
    ) from error


def _raise_if_engine_goes(ready: ReadySpace, error: CallError, state: ContainerState) -> None:
    try:
        check_engine_stays(ready.container, state)
    except EngineUnavailableError as gone:
        raise gone from error
    except RunnerError:
        return  # something else removed the container


def _name_cause(error: CallError, log: str) -> None:
    """Name why the Space's own code failed, where its words or its log tell."""
    if not isinstance(error, SpaceFailedError):
        return
    from hf_spaces_runner.planning.log_causes import find_cause  # noqa: PLC0415 - most calls need none

    cause = find_cause(error.message) or find_cause(log)
    if cause is not None:
        error.verdict, error.hint = cause.verdict, cause.hint
