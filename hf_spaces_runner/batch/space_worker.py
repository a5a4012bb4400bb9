"""One container of the batch's Space: started, asked over several lines at once, and gone afterwards."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from types import TracebackType
from typing import Self

from hf_spaces_runner.answering import wants_hub
from hf_spaces_runner.batch.item_call import Desk, ask_item
from hf_spaces_runner.batch.item_rescue import Rescue
from hf_spaces_runner.batch.worker import WorkerSession
from hf_spaces_runner.calling.caller import Session
from hf_spaces_runner.conversation import open_session
from hf_spaces_runner.domain.container import ContainerStatus
from hf_spaces_runner.domain.hop import Hop
from hf_spaces_runner.domain.image import Image
from hf_spaces_runner.domain.item import Item, ItemResult
from hf_spaces_runner.domain.plan import Candidate
from hf_spaces_runner.domain.progress import Phase, ProgressCallback, ignore_progress
from hf_spaces_runner.errors import LaunchError, RunnerError
from hf_spaces_runner.orchestrator.engine import Container
from hf_spaces_runner.planning.pool_policy import Fault, fault_of
from hf_spaces_runner.ready_space import Measured, ReadySpace, Services, launch_spec, ready_space

OnTraces = Callable[[Item, str | None, dict[str, object]], None]
"""Told what the container printed while it was asked about an item, and how it stands."""
_LINES = 1000


class SpaceWorker:
    """A container of `candidate`. See `Worker`.

    Args:
        services: the parts with effects.
        hop: leads to the Space.
        candidate: what to start, under the name of its launch spec and a number.
        image: its image.
        number: which container of the batch it is.
        concurrency: how many calls it takes at a time.
        desk: what calls need besides the Space.
        on_progress: told how the start goes on.
        on_peak: told how much memory it took at most, in bytes, once it is gone.
        on_traces: see `OnTraces`; None where nobody wants to know.
        rescue: asks others about items that fail by themselves; None where nobody wants that.
        on_wrong_profile: told that the Space fails since it was not started as on the Hub.
        explain: told how the first item is asked; None where nobody wants to know.
    """

    def __init__(
        self,
        services: Services,
        hop: Hop,
        candidate: Candidate,
        image: Image,
        number: int,
        *,
        concurrency: int,
        desk: Desk,
        on_progress: ProgressCallback = ignore_progress,
        on_peak: Callable[[int | None], None] = lambda _: None,
        on_traces: OnTraces | None = None,
        rescue: Rescue | None = None,
        on_wrong_profile: Callable[[], None] = lambda: None,
        explain: ProgressCallback | None = None,
    ) -> None:
        named = replace(candidate.launch_spec, name=f"{candidate.launch_spec.name}-{number}")
        self.candidate = replace(candidate, launch_spec=named)
        self.name = named.name
        self.concurrency = concurrency
        self._services = services
        self._hop = hop
        self._image = image
        self._desk = desk
        self._on_progress = on_progress
        self._on_peak = on_peak
        self._on_traces = on_traces
        self._rescue = rescue
        self._on_wrong_profile = on_wrong_profile
        self._explain = explain
        self._measured = Measured()
        self._memory_share = 0.0
        self._measuring = threading.Lock()
        self._stack = ExitStack()
        self._ready: ReadySpace | None = None
        self._aborted = threading.Event()

    @property
    def cold_start_s(self) -> float:
        """How long the start took. See `Worker.cold_start_s`."""
        return self._measured.seconds.get(Phase.START, 0.0) + self._measured.seconds.get(Phase.READY, 0.0)

    @property
    def _container(self) -> Container:
        assert self._ready is not None  # noqa: S101 - it was entered
        return self._ready.container

    def __enter__(self) -> Self:
        """Start it. See `Worker.__enter__`."""
        self._check_wanted()
        # No deadline: it is left behind when this process has ended, however long the batch takes.
        spec = launch_spec(self._services, self.candidate, self._image, lifetime_s=None)
        starting = ready_space(
            self._services,
            self.candidate,
            self._image,
            spec,
            self._measured,
            self._on_progress,
            meanwhile=self._services.load_callers,
        )
        self._ready = self._stack.enter_context(starting)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Remove it."""
        self.memory_share()
        try:
            self._stack.close()
        finally:
            self._on_peak(self._measured.peak_memory_bytes)

    @contextmanager
    def session(self) -> Iterator[WorkerSession]:
        """Yield a line to it. See `Worker.session`."""
        self._check_wanted()
        assert self._ready is not None  # noqa: S101 - it was entered
        with open_session(self._services, self.candidate, self._ready, Measured(), ignore_progress) as session:
            yield _Line(self, session)

    def ask(self, session: Session, item: Item) -> ItemResult:
        """Return what it, or another, answers to `item` over `session`. Raises as `ask_item` does."""
        self._check_wanted()
        try:
            return self._traced(session, item)
        except RunnerError as error:
            if wants_hub(self.candidate, error):
                self._on_wrong_profile()
                raise LaunchError(f"{self.name} wants the Hub around it", verdict="wants_hub") from error
            if self._rescue is None or fault_of(error, is_alive=self.is_alive()) is not Fault.ITEM:
                raise
            return self._rescue.ask(item, error, self._hop)

    def _traced(self, session: Session, item: Item) -> ItemResult:
        assert self._ready is not None  # noqa: S101 - it was entered
        explain, self._explain = self._explain, None  # the others go the same way
        if self._on_traces is None:
            return ask_item(session, self._hop, self.candidate, self._ready, self._desk, item, explain)
        before = self._log()
        try:
            return ask_item(session, self._hop, self.candidate, self._ready, self._desk, item, explain)
        finally:
            self._on_traces(item, _new_lines(before, self._log()), self._state())

    def is_alive(self) -> bool:
        """Whether the container runs. See `Worker.is_alive`."""
        try:
            return not self._aborted.is_set() and self._container.state().status is ContainerStatus.RUNNING
        except RunnerError:
            return False

    def memory_share(self) -> float:
        """How much of its memory cap it used when this was asked before. See `Worker.memory_share`."""
        # The engine takes most of a second to say it, and whoever asks holds back all calls meanwhile.
        if self._ready is not None and not self._aborted.is_set() and self._measuring.acquire(blocking=False):
            threading.Thread(target=self._measure, name=f"{self.name}-memory", daemon=True).start()
        return self._memory_share

    def _measure(self) -> None:
        try:
            memory = self._container.memory()
            if memory is not None:
                peak_bytes = max(self._measured.peak_memory_bytes or 0, memory.peak_bytes)
                self._measured.peak_memory_bytes = peak_bytes
                self._memory_share = memory.now_bytes / self.candidate.launch_spec.memory_bytes
        except RunnerError:
            return  # it is gone
        finally:
            self._measuring.release()

    def abort(self) -> None:
        """End it, and what is under way. See `Worker.abort`."""
        self._aborted.set()
        with suppress(RunnerError):  # it is gone already
            self._services.engine.remove(self.name)

    def _check_wanted(self) -> None:
        if self._aborted.is_set():
            raise LaunchError(f"{self.name} was ended: the batch is over", verdict="batch_over")

    def _log(self) -> str:
        assert self._ready is not None  # noqa: S101 - it was entered
        if self._ready.privacy:
            return ""
        with suppress(RunnerError):
            return self._container.logs(_LINES)
        return ""

    def _state(self) -> dict[str, object]:
        stamp: dict[str, object] = {"container": self.name, "at": time.time()}
        with suppress(RunnerError):
            state = self._container.state()
            return {**stamp, "status": state.status, "exit_code": state.exit_code, "oom_killed": state.oom_killed}
        return {**stamp, "status": "gone"}


class _Line:
    """A line to a container, for one thread. See `WorkerSession`."""

    def __init__(self, worker: SpaceWorker, session: Session) -> None:
        self._worker = worker
        self._session = session

    def call(self, item: Item) -> ItemResult:
        """Return what the Space answers to `item`."""
        return self._worker.ask(self._session, item)


def _new_lines(before: str, after: str) -> str:
    """Return the lines of a log that came since it was `before`; all of it where those scrolled out of sight."""
    if after.startswith(before):
        return after[len(before) :]
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    for gone in range(1, len(old)):
        kept = len(old) - gone
        if old[gone:] == new[:kept]:
            return "".join(new[kept:])
    return after
