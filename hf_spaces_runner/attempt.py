"""Tries one candidate: image, slot, container, readiness, call, result, and everything removed again on the way out."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from hf_spaces_runner.calling.caller import Caller
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.image import Image
from hf_spaces_runner.domain.launch import ContainerStatus
from hf_spaces_runner.domain.plan import Candidate
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback
from hf_spaces_runner.domain.result import Timings
from hf_spaces_runner.errors import (
    CallError,
    InvalidInputError,
    MemoryExceededError,
    NoEndpointError,
    RunnerError,
    SpaceFailedError,
)
from hf_spaces_runner.images.acquire import Images
from hf_spaces_runner.orchestrator.engine import Container, Engine
from hf_spaces_runner.orchestrator.evidence import last_words, log_evidence
from hf_spaces_runner.orchestrator.leftovers import note_use
from hf_spaces_runner.orchestrator.readiness import wait_until_ready
from hf_spaces_runner.orchestrator.scratch import scratch_directory
from hf_spaces_runner.orchestrator.slots import Slots
from hf_spaces_runner.planning.launch_policy import for_image

if TYPE_CHECKING:
    from hf_spaces_runner.results.process import ProcessedAnswer

_GRACE_S, _GRACE_POLL_S = 3.0, 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts with effects, wired by the runner.

    `connect_caller` is asked once the container starts: what speaks HTTP takes a while to load, and may do so while
    the Space begins. `scratch` and `stamps` are folders of ours.
    """

    engine: Engine
    images: Images
    slots: Slots
    connect_caller: Callable[[], Caller]
    scratch: Path
    stamps: Path


@dataclass(slots=True)
class Measured:
    """How long the phases took so far; what a failed attempt knows of itself as well."""

    seconds: dict[Phase, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, phase: Phase) -> Iterator[None]:
        """Add the time that the block takes to `phase`."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[phase] = self.seconds.get(phase, 0.0) + time.monotonic() - started

    def timings(self) -> Timings:
        """Return what was measured, by the names that results use."""
        return Timings(
            pull_s=self.seconds.get(Phase.PULL, 0.0),
            start_s=self.seconds.get(Phase.START, 0.0),
            ready_s=self.seconds.get(Phase.READY, 0.0),
            call_s=self.seconds.get(Phase.CALL, 0.0),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a candidate brought. `container` and `url` lead to it where it was to be kept."""

    processed: "ProcessedAnswer"
    image: Image
    container: str
    url: str


def try_candidate(
    services: Services,
    candidate: Candidate,
    run_id: str,
    output_directory: Path | None,
    measured: Measured,
    on_progress: ProgressCallback,
) -> Answered:
    """Return what `candidate` answers.

    Raises:
        RunnerError: one of its subclasses, with the container's last log lines as evidence where there was one.
    """
    space = candidate.space
    with measured.phase(Phase.PULL):
        image = services.images.acquire(candidate.image, candidate.pull, on_progress)
    spec = for_image(candidate.launch_spec, image, candidate.default_command)
    for volume in spec.volumes:
        note_use(services.stamps, volume.name)
    with ExitStack() as stack:
        scratch = stack.enter_context(scratch_directory(services.scratch, run_id))
        with measured.phase(Phase.START):
            slot_deadline = Deadline.after(candidate.slot_timeout_s, time.monotonic)
            with services.slots.acquire(slot_deadline, on_progress):
                on_progress(Progress(phase=Phase.START, message=f"starting {space.id}"))
                container = stack.enter_context(services.engine.launch(spec))
        caller = services.connect_caller()
        from hf_spaces_runner.results.process import process_result  # noqa: PLC0415 - likewise

        url = f"http://127.0.0.1:{container.port}"
        with measured.phase(Phase.READY):
            ready_deadline = Deadline.after(candidate.startup_timeout_s, time.monotonic)
            config = wait_until_ready(container, ready_deadline, on_progress)
        with measured.phase(Phase.CALL), _explained(container):
            on_progress(Progress(phase=Phase.CALL, message=f"calling {space.id}"))
            call_deadline = Deadline.after(candidate.timeout_s, time.monotonic)
            answer = caller.call(url, candidate.call, scratch, call_deadline, on_progress, config=config)
            on_progress(Progress(phase=Phase.CALL, message="answered", done=True))
        processed = process_result(
            answer,
            category=space.category,
            output_type=space.output_type,
            output_directory=output_directory or Path(f"hfsr-{space.id}-{run_id}"),
        )
        return Answered(processed=processed, image=image, container=container.name, url=url)


@contextmanager
def _explained(container: Container) -> Iterator[None]:
    """Give an error of the call what the container knows of it: how it ended, and its last log lines."""
    try:
        yield
    except CallError as error:
        if isinstance(error, InvalidInputError | NoEndpointError):
            raise  # The Space has done nothing; its log would only hide the message.
        if error.evidence is None:
            error.evidence = log_evidence(container) or None
        _raise_if_ended(container, error)
        if isinstance(error, SpaceFailedError) and error.verdict == "space_error_hidden":
            error.message = f"{error.message}; the last line of its log is: {last_words(error.evidence or '')}"
        raise


def _raise_if_ended(container: Container, error: CallError) -> None:
    # A connection breaks a moment before the engine knows that the container has ended.
    grace = Deadline.after(_GRACE_S if error.verdict == "connection_lost" else 0.0, time.monotonic)
    try:
        while (state := container.state()).status is not ContainerStatus.EXITED:
            if grace.passed:
                return
            time.sleep(_GRACE_POLL_S)
    except RunnerError:
        return  # The engine is gone as well; what the call said is what the user should read.
    error.evidence = log_evidence(container) or None
    if state.oom_killed:
        raise MemoryExceededError(
            f"{container.name} was ended during the call: it needed more memory than its cap", evidence=error.evidence
        ) from error
    raise CallError(
        f"{container.name} ended during the call with exit code {state.exit_code}",
        verdict="exited_during_call",
        hint="its last lines say why; hfsr run -v shows all of them",
        evidence=error.evidence,
    ) from error
