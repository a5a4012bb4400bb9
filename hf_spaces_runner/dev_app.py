"""Runs the app that somebody works on: in the slot of the one before it, with its log read while it runs."""

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from hf_spaces_runner.domain.container import ContainerStatus
from hf_spaces_runner.domain.launch import LaunchSpec
from hf_spaces_runner.domain.plan import Candidate
from hf_spaces_runner.domain.progress import ProgressCallback
from hf_spaces_runner.domain.terminal import printable
from hf_spaces_runner.errors import ContainerExitedError, MemoryExceededError, RunnerError
from hf_spaces_runner.orchestrator.engine import Container
from hf_spaces_runner.orchestrator.evidence import ended_for_memory, take_evidence
from hf_spaces_runner.orchestrator.watch import Watch, watched
from hf_spaces_runner.planning.log_causes import find_cause
from hf_spaces_runner.planning.log_parts import last_words
from hf_spaces_runner.ready_space import Services

_ALL_LINES = 10_000
_LONGEST_LINE = 64 * 1024
"""In characters; what is longer is told in pieces."""
_LOG_END_S = 2.0
_DOOR_TRIES, _DOOR_PAUSE_S = 40, 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An app that was started. `stack` holds what ends with it, `log` is the thread that reads its log."""

    container: Container
    memory_bytes: int
    stack: ExitStack
    watch: Watch
    log: threading.Thread

    def end(self) -> None:
        """Remove its container, and come back when its last line is told."""
        if not _runs(self.container):
            self.log.join(_LOG_END_S)
        self.make_way()
        self.log.join(_LOG_END_S)

    def make_way(self) -> None:
        """Remove its container, and wait for nothing: the log of one that is gone may take its time to end."""
        self.stack.close()


def launched_app(
    services: Services,
    spec: LaunchSpec,
    candidate: Candidate,
    old: App | None,
    *,
    on_line: Callable[[str], None],
    on_end: Callable[[str], None],
    on_progress: ProgressCallback,
) -> App:
    """Return the app of `spec`, started; `old`, the one before it, is gone then, whatever happens.

    `on_line` is called with each line of its log, safe for a terminal, and `on_end` with the id of its container when
    that has ended; both from a thread of its own.

    Raises:
        SlotTimeoutError: `old` held no slot that it could have, and no other got free.
        LaunchError: the engine refused to make it or to start it.
    """
    with ExitStack() as stack, ExitStack() as before:
        if old is not None:
            before.callback(old.make_way)
        container = stack.enter_context(services.engine.create(spec))
        if not (_may_follow(old, spec) and _started_in_slot(services, container, before)):
            before.close()
            deadline = candidate.deadline(candidate.slot_timeout_s, time.monotonic)
            services.slots.start(container, deadline, on_progress)
        watch = stack.enter_context(watched(services.engine, container, disk_reserve_bytes=services.disk_reserve_bytes))
        log = threading.Thread(target=_read_log, args=(container, on_line, on_end), daemon=True, name="hfsr-dev-log")
        log.start()
        return App(container=container, memory_bytes=spec.memory_bytes, stack=stack.pop_all(), watch=watch, log=log)


def reason_of_end(app: App) -> RunnerError:
    """Return why `app`, which answered before, has ended."""
    try:
        state = app.container.state()
    except RunnerError as error:
        return error
    evidence = take_evidence(app.container, peak_bytes=app.watch.peak_memory_bytes)
    if app.watch.ended_it is not None:
        app.watch.ended_it.evidence = evidence
        return app.watch.ended_it
    if ended_for_memory(state):
        return MemoryExceededError("the app was ended: it needed more memory than its cap", evidence=evidence)
    said = last_words(evidence.log)
    cause = find_cause(evidence.log, exit_code=state.exit_code)
    return ContainerExitedError(
        f"the app ended with exit code {state.exit_code}"
        + (f": {said}" if said else "")
        + (f" ({cause.says})" if cause else ""),
        verdict=cause.verdict if cause else "exited",
        hint=cause.hint if cause else None,
        evidence=evidence,
    )


def _may_follow(old: App | None, spec: LaunchSpec) -> bool:
    return old is not None and old.memory_bytes == spec.memory_bytes and _runs(old.container)


def _runs(container: Container) -> bool:
    try:
        return container.state().status is ContainerStatus.RUNNING
    except RunnerError:
        return False  # it is gone, or the engine is


def _started_in_slot(services: Services, container: Container, before: ExitStack) -> bool:
    """Close `before`, which ends the old app, and start `container` in its slot; return whether that went.

    In the door nobody else starts: else whoever waits for a slot would have it the moment that the old app ends.
    """
    for _ in range(_DOOR_TRIES):
        with services.engine.door(container) as entered:
            if entered:
                before.close()
                container.start()
                return True
        time.sleep(_DOOR_PAUSE_S)
    return False


def _read_log(container: Container, on_line: Callable[[str], None], on_end: Callable[[str], None]) -> None:
    rest = ""
    try:
        for piece in container.follow_logs(_ALL_LINES):
            *lines, rest = (rest + piece).split("\n")
            for line in lines:
                on_line(printable(line).rstrip())
            if len(rest) > _LONGEST_LINE:  # an app may print for ever without an end of a line
                on_line(printable(rest).rstrip())
                rest = ""
    except RunnerError:
        pass  # the container is gone, or the engine: whoever works with it finds that out
    if rest:
        on_line(printable(rest).rstrip())
    on_end(container.id)
