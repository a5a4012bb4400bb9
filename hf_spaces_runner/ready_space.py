"""Has one Space ready to be called: one that is up already, or a container of its own that is gone afterwards."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from hf_spaces_runner.calling.caller import Caller
from hf_spaces_runner.domain.api import Api, ApiKind, Spoken
from hf_spaces_runner.domain.hardware import Machine
from hf_spaces_runner.domain.image import Image
from hf_spaces_runner.domain.launch import LaunchSpec, Network
from hf_spaces_runner.domain.plan import Candidate
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback
from hf_spaces_runner.domain.result import Timings
from hf_spaces_runner.errors import Evidence, ListensElsewhereError, RunnerError
from hf_spaces_runner.images.acquire import Images
from hf_spaces_runner.images.older_packages import advising_older_packages
from hf_spaces_runner.logs import facts
from hf_spaces_runner.orchestrator.engine import Container, Engine
from hf_spaces_runner.orchestrator.evidence import take_evidence
from hf_spaces_runner.orchestrator.http_get import NotReadyYet
from hf_spaces_runner.orchestrator.probe import probe
from hf_spaces_runner.orchestrator.readiness import wait_until_ready
from hf_spaces_runner.orchestrator.slots import Slots
from hf_spaces_runner.orchestrator.stamps import Stamps
from hf_spaces_runner.orchestrator.watch import Watch, watched
from hf_spaces_runner.planning.launch_policy import at_creation, for_image
from hf_spaces_runner.planning.sharing import find_shared

_SHARED_PROBE_S = 5.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts with effects, wired by the runner.

    `load_callers` is called once the container starts: what speaks HTTP takes a while to load, and may do so while
    the Space begins. `machine` asks what the engine's machine has. `scratch` is a folder of ours; `disk_reserve_bytes`
    is what Spaces must leave of the disk.
    """

    engine: Engine
    images: Images
    slots: Slots
    connect_caller: Callable[[ApiKind, Api], Caller]
    load_callers: Callable[[], object]
    machine: Callable[[], Machine]
    scratch: Path
    stamps: Stamps
    disk_reserve_bytes: int


@dataclass(slots=True)
class Measured:
    """How long the phases took so far, and what memory was seen; what a failed attempt knows of itself as well."""

    seconds: dict[Phase, float] = field(default_factory=dict)
    peak_memory_bytes: int | None = None

    @contextmanager
    def phase(self, phase: Phase) -> Iterator[None]:
        """Add the time that the block takes to `phase`, but for what it takes for phases within it."""
        started, before = time.monotonic(), sum(self.seconds.values())
        try:
            yield
        finally:
            within = sum(self.seconds.values()) - before
            self.seconds[phase] = self.seconds.get(phase, 0.0) + time.monotonic() - started - within

    def timings(self) -> Timings:
        """Return what was measured, by the names that results use."""
        return Timings(
            pull_s=self.seconds.get(Phase.PULL, 0.0),
            wait_s=self.seconds.get(Phase.WAIT, 0.0),
            start_s=self.seconds.get(Phase.START, 0.0),
            ready_s=self.seconds.get(Phase.READY, 0.0),
            call_s=self.seconds.get(Phase.CALL, 0.0),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadySpace:
    """A Space that answers. `spoken` is what it speaks; `watch` is None where somebody else looks after it."""

    container: Container
    spoken: Spoken
    watch: Watch | None = None
    privacy: bool = False

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.container.port}"

    def evidence(self, *, with_log: bool = True) -> Evidence:
        """Return what shows the cause of a failure; in privacy nothing of what the Space printed once it was called."""
        peak_bytes = self.watch.peak_memory_bytes if self.watch else None
        return take_evidence(self.container, peak_bytes=peak_bytes, with_log=with_log and not self.privacy)


def acquire_image(services: Services, candidate: Candidate, measured: Measured, on_progress: ProgressCallback) -> Image:
    """Return the image of `candidate`, once it is clear that it could ever start.

    Raises:
        PolicyError: its memory cap is more than there is.
        ImageError: the image cannot be had.
    """
    services.slots.check_ever_fits(candidate.space.id, candidate.launch_spec.memory_bytes)
    with measured.phase(Phase.PULL), advising_older_packages(candidate.space, candidate.image.build):
        image = services.images.acquire(candidate.image, candidate.pull, on_progress)
    services.stamps.note_image(image)
    _log.info("%s is here", image.reference, extra=facts(image=image.digest or image.id))
    return image


def _note_peak(measured: Measured, watch: Watch) -> None:
    if watch.peak_memory_bytes is not None:
        measured.peak_memory_bytes = max(measured.peak_memory_bytes or 0, watch.peak_memory_bytes)


def find_ready(
    services: Services, candidate: Candidate, image: Image, on_progress: ProgressCallback
) -> ReadySpace | None:
    """Return the Space of `candidate` that is up already and may answer for it; None where none is.

    Raises:
        EngineUnavailableError: no engine answers.
    """
    if candidate.sharing is None:
        return None
    listed = find_shared(services.engine.containers(), candidate.space, image, candidate.sharing)
    if listed is None:
        return None
    try:
        spoken = probe(listed.port, candidate.space.api, _SHARED_PROBE_S, remembered=services.stamps.kind_of(image))
        container = services.engine.attach(listed)
    except NotReadyYet as seen:
        why = f"{listed.name} is up and does not answer ({seen.observed or 'nothing listens'}): starting another"
        on_progress(Progress(phase=Phase.START, message=why, warning=True))
        return None
    on_progress(Progress(phase=Phase.READY, message=f"{listed.name} is up", done=True))
    _log.info("%s is up already", candidate.space.id, extra=facts(container=listed.name))
    return ReadySpace(container=container, spoken=spoken, privacy=listed.labels.privacy or candidate.sharing.privacy)


@contextmanager
def ready_space(
    services: Services,
    candidate: Candidate,
    image: Image,
    spec: LaunchSpec,
    measured: Measured,
    on_progress: ProgressCallback,
    *,
    meanwhile: Callable[[], object] = lambda: None,
) -> Iterator[ReadySpace]:
    """Start a container for `candidate` as `spec` says, and yield it once it is ready; it is gone afterwards.

    `meanwhile` is called while the Space begins.

    An app that listens on another port than its Space is said to have is started again with that one: a container's
    ports cannot be changed while it runs.

    Raises:
        RunnerError: it could not be started, or never answered.
    """
    with ExitStack() as stack:
        stack.enter_context(advising_older_packages(candidate.space, candidate.image.build))
        try:
            ready = stack.enter_context(_started(services, candidate, image, spec, measured, on_progress, meanwhile))
        except ListensElsewhereError as error:
            message = f"{candidate.space.id} listens on port {error.port}, not {spec.container_port}: starting again"
            on_progress(Progress(phase=Phase.START, message=f"{message}; {error.hint}", warning=True))
            elsewhere = replace(spec, container_port=error.port)
            ready = stack.enter_context(
                _started(services, candidate, image, elsewhere, measured, on_progress, meanwhile)
            )
        try:
            yield ready
        except RunnerError:
            if candidate.keep:
                ready.container.stay_up()
            raise
        if candidate.keep:
            ready.container.stay_up()


@contextmanager
def _started(
    services: Services,
    candidate: Candidate,
    image: Image,
    spec: LaunchSpec,
    measured: Measured,
    on_progress: ProgressCallback,
    meanwhile: Callable[[], object],
) -> Iterator[ReadySpace]:
    with ExitStack() as stack:
        with measured.phase(Phase.START):
            on_progress(Progress(phase=Phase.START, message=f"starting {candidate.space.id}"))
            container = stack.enter_context(services.engine.create(spec))
        with measured.phase(Phase.WAIT):
            slot_deadline = candidate.deadline(candidate.slot_timeout_s, time.monotonic)
            services.slots.start(container, slot_deadline, on_progress, starting=lambda: measured.phase(Phase.START))
        _log.info("%s has started", candidate.space.id, extra=facts(container=container.name, port=container.port))
        watch = stack.enter_context(watched(services.engine, container, disk_reserve_bytes=services.disk_reserve_bytes))
        stack.callback(lambda: _note_peak(measured, watch))
        with measured.phase(Phase.READY):
            meanwhile()
            deadline = candidate.deadline(candidate.startup_timeout_s, time.monotonic)
            try:
                spoken = wait_until_ready(
                    container,
                    deadline,
                    on_progress,
                    api=candidate.space.api,
                    remembered=services.stamps.kind_of(image),
                    evidence_of=lambda container: take_evidence(container, peak_bytes=watch.peak_memory_bytes),
                )
            except RunnerError as error:
                if watch.ended_it is not None:
                    watch.ended_it.evidence = error.evidence
                    raise watch.ended_it from error
                raise
            services.stamps.note_kind(image, spoken.kind)
            if spec.network is Network.WARM_ONLINE:
                container.cut_network()
        _log.info("%s is ready", candidate.space.id, extra=facts(container=container.name, speaks=spoken.kind))
        yield ReadySpace(container=container, spoken=spoken, watch=watch, privacy=not spec.keeps_log)


def launch_spec(
    services: Services,
    candidate: Candidate,
    image: Image,
    *,
    lifetime_s: float | None,
    idle_stop_s: float | None = None,
) -> LaunchSpec:
    """Return the launch spec of `candidate` for the very `image`, made now and used now."""
    spec = for_image(candidate.launch_spec, image, candidate.default_command)
    for volume in spec.volumes:
        services.stamps.note_volume(volume.name)
    return at_creation(spec, now=time.time(), lifetime_s=lifetime_s, idle_stop_s=idle_stop_s)
