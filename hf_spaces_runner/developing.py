"""Keeps the app of a folder running while somebody works on it: each change of the source starts it again."""

import queue
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from hf_spaces_runner.dev_app import App, launched_app, reason_of_end
from hf_spaces_runner.dev_source import Wanted, read_wanted
from hf_spaces_runner.domain.development import DevEvent, DevEventCallback, DevEventKind
from hf_spaces_runner.domain.image import Image
from hf_spaces_runner.domain.launch import LaunchSpec, Network
from hf_spaces_runner.domain.plan import Candidate, Plan
from hf_spaces_runner.domain.progress import ProgressCallback, ignore_progress
from hf_spaces_runner.errors import (
    ConfigurationError,
    ContainerExitedError,
    EngineUnavailableError,
    ListensElsewhereError,
    NoSpaceLeftError,
    PolicyError,
    PortTakenError,
    RunnerError,
    SlotTimeoutError,
)
from hf_spaces_runner.images.staged_source import StagedSource
from hf_spaces_runner.orchestrator.folder_lock import folder_lock
from hf_spaces_runner.orchestrator.folder_watch import watched_folder
from hf_spaces_runner.orchestrator.readiness import wait_until_ready
from hf_spaces_runner.orchestrator.scratch import scratch_directory
from hf_spaces_runner.planning.dev_plan import (
    Recipe,
    Step,
    next_step,
)
from hf_spaces_runner.ready_space import Measured, Services, acquire_image, launch_spec

_NOT_FOR_THE_SOURCE = (ConfigurationError, NoSpaceLeftError, PolicyError, PortTakenError, SlotTimeoutError)
"""What no change of the source would help against: it ends the command where not even the first start went well."""


@dataclass(frozen=True, slots=True)
class _Changed:
    names: tuple[str, ...]
    at: float


@dataclass(frozen=True, slots=True)
class _Ended:
    container_id: str


class _SupersededError(Exception):
    """The source has changed while the app was starting."""


def develop(
    services: Services,
    plan: Callable[[], Plan],
    *,
    folder: Path,
    locks: Path,
    port: int | None,
    on_progress: ProgressCallback,
    on_event: DevEventCallback,
) -> None:
    """Run the Space in `folder`, and again after each change of its source, until an interrupt; nothing is left then.

    `plan` reads the source and says what to do with it now. `on_event` is called from several threads.

    Raises:
        UsageError: another process does the same with this folder.
        RunnerError: it cannot go on, whatever anybody changes in the folder.
    """
    with folder_lock(locks, folder, "hfsr dev"), ExitStack() as stack:
        began, first = time.monotonic(), plan()
        scratch = stack.enter_context(scratch_directory(services.scratch, first.run_id))
        session = _Session(
            services=services,
            plan=plan,
            port=port,
            source=StagedSource(scratch / "dev"),
            on_progress=on_progress,
            on_event=on_event,
        )
        stack.callback(session.end)
        stack.enter_context(watched_folder(folder, session.note_change, session.note))
        session.run(read_wanted(first.candidates[0], Step.REBUILD, began))


@dataclass(kw_only=True)
class _Session:
    """One `hfsr dev`. Everything but what `note_change` and a log's thread do is done by the main thread.

    `_built` is what the image was built from, `_tried` the tag of what was started last, `_last_port` where,
    `_is_unreadable` whether the source could not be read at the last look, and `_app_port` the port inside the
    container, where it is not the one that it should be.
    """

    services: Services
    plan: Callable[[], Plan]
    port: int | None
    source: StagedSource
    on_progress: ProgressCallback
    on_event: DevEventCallback
    _inbox: "queue.SimpleQueue[_Changed | _Ended]" = field(default_factory=queue.SimpleQueue)
    _has_changed: threading.Event = field(default_factory=threading.Event)
    _next: Wanted | None = None
    _app: App | None = None
    _built: Recipe | None = None
    _image: Image | None = None
    _tried: str = ""
    _is_unreadable: bool = False
    _app_port: int | None = None
    _last_port: int | None = None

    def note_change(self, names: tuple[str, ...]) -> None:
        """Take in that something changed; called by the thread that watches."""
        self._inbox.put(_Changed(names, time.monotonic()))
        self._has_changed.set()

    def note(self, text: str) -> None:
        """Tell the user something."""
        self.on_event(DevEvent(kind=DevEventKind.NOTE, message=text))

    def run(self, first: Wanted) -> None:
        """Start the app, and again after each change. It returns only with an error."""
        self._serve(first, ends=_NOT_FOR_THE_SOURCE)
        while True:
            if self._next is None:
                self._take(self._inbox.get())
            else:
                wanted, self._next = self._next, None
                self._serve(wanted)

    def end(self) -> None:
        """End the app, if one runs."""
        app, self._app = self._app, None
        if app is not None:
            app.end()

    def _take(self, news: _Changed | _Ended) -> None:
        if isinstance(news, _Changed):
            self._has_changed.clear()
            self._next = self._look(news)
        elif self._app is not None and self._app.container.id == news.container_id:
            error = reason_of_end(self._app)
            self.end()
            self._failed(error)

    def _look(self, change: _Changed) -> Wanted | None:
        """Return what the source asks for now; None where that is nothing, or cannot be told."""
        # Where nothing runs, whoever saves a file wants it tried again, also without a change.
        tried = "" if self._app is None and change.names else self._tried
        try:
            wanted = read_wanted(self.plan().candidates[0], Step.REBUILD, change.at)
        except EngineUnavailableError:
            raise
        except RunnerError as error:
            self._is_unreadable = True
            self._failed(error)
            return None
        step = Step.REBUILD if self._built is None else next_step(self._built, wanted.recipe, tried)
        mended, self._is_unreadable = self._is_unreadable, False
        if step is Step.NOTHING or wanted.recipe.tag == tried:
            if mended and step is Step.NOTHING:
                # Else nobody would hear that what was told as wrong is right again.
                self.on_event(DevEvent(kind=DevEventKind.CHANGE, files=change.names, message=step))
            return None
        self.on_event(DevEvent(kind=DevEventKind.CHANGE, files=change.names, message=step))
        return replace(wanted, step=step)

    def _serve(self, wanted: Wanted, *, ends: tuple[type[RunnerError], ...] = ()) -> None:
        """Have the app of `wanted` running, or say why that cannot be."""
        self._tried = wanted.recipe.tag
        ending: tuple[type[RunnerError], ...] = (EngineUnavailableError, *ends)
        try:
            if wanted.step is Step.REBUILD:
                self._build(wanted)
            self._start(wanted)
        except _SupersededError:
            return
        except ending:
            raise
        except RunnerError as error:
            self._failed(error)

    def _build(self, wanted: Wanted) -> None:
        began = time.monotonic()
        self.on_event(DevEvent(kind=DevEventKind.BUILD, message=wanted.build.tag))
        self._image = acquire_image(self.services, wanted.candidate, Measured(), self.on_progress)
        self._built = wanted.recipe
        self.on_event(DevEvent(kind=DevEventKind.BUILT, seconds=time.monotonic() - began))

    def _start(self, wanted: Wanted) -> None:
        candidate, image = wanted.candidate, self._image
        assert image is not None  # noqa: S101 - it was built before
        spec = wanted.laid_over(launch_spec(self.services, candidate, image, lifetime_s=None), image, self.source)
        spec = replace(
            spec, host_port=self.port or self._last_port, container_port=self._app_port or spec.container_port
        )
        self.on_event(DevEvent(kind=DevEventKind.START, message=candidate.space.id))
        try:
            app = self._launch(spec, candidate)
        except PortTakenError:
            if self.port is not None or self._last_port is None:
                raise
            self.note(f"port {self._last_port} was taken meanwhile, so the app gets another one")
            app = self._launch(replace(spec, host_port=None), candidate)
        self.on_event(DevEvent(kind=DevEventKind.STARTED, seconds=time.monotonic() - wanted.since))
        try:
            self._wait(app, candidate, image)
        except ListensElsewhereError as error:
            self.note(f"it listens on port {error.port}, not {spec.container_port}: starting again; {error.hint}")
            self._app_port = error.port
            self._start(wanted)
            return
        except RunnerError:
            self.end()
            raise
        if spec.network is Network.WARM_ONLINE:
            app.container.cut_network()
        self._last_port = app.container.port
        url = f"http://127.0.0.1:{app.container.port}"
        self.on_event(DevEvent(kind=DevEventKind.READY, url=url, seconds=time.monotonic() - wanted.since))

    def _launch(self, spec: LaunchSpec, candidate: Candidate) -> App:
        old, self._app = self._app, None
        self._app = launched_app(
            self.services,
            spec,
            candidate,
            old,
            on_line=lambda line: self.on_event(DevEvent(kind=DevEventKind.LOG, message=line)),
            on_end=lambda container_id: self._inbox.put(_Ended(container_id)),
            on_progress=self.on_progress,
        )
        self._last_port = self._app.container.port or self._last_port
        return self._app

    def _wait(self, app: App, candidate: Candidate, image: Image) -> None:
        stamps = self.services.stamps
        spoken = wait_until_ready(
            app.container,
            candidate.deadline(candidate.startup_timeout_s, time.monotonic),
            ignore_progress,
            api=candidate.space.api,
            remembered=stamps.kind_of(image),
            sleep=self._pause,
        )
        stamps.note_kind(image, spoken.kind)

    def _pause(self, seconds: float) -> None:
        """Sleep, unless the source changes: then the app that is starting is of no use any more."""
        if not self._has_changed.wait(seconds):
            return
        self._has_changed.clear()
        changes = []
        with suppress(queue.Empty):
            while True:
                changes.append(self._inbox.get_nowait())
        names = tuple(sorted({name for item in changes if isinstance(item, _Changed) for name in item.names}))
        # What has ended is seen by whoever waits for it.
        first = min((item.at for item in changes if isinstance(item, _Changed)), default=time.monotonic())
        self._next = self._look(_Changed(names, first))
        if self._next is not None:
            raise _SupersededError

    def _failed(self, error: RunnerError) -> None:
        if error.hint == ContainerExitedError.hint:
            error.hint = "its last lines say why; it is started again when a file is saved"
        self.on_event(DevEvent(kind=DevEventKind.FAILED, error=error, running=self._app is not None))
