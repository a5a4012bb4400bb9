"""Finds who answers a batch: the first of the chain whose image is there and whose first container starts."""

from contextlib import AbstractContextManager
from dataclasses import replace
from types import TracebackType
from typing import Self

from hf_spaces_runner.batch.members import Member, Workplace, member_of
from hf_spaces_runner.batch.worker import Worker, WorkerSession
from hf_spaces_runner.domain.hop import Hop
from hf_spaces_runner.domain.item import Item
from hf_spaces_runner.domain.progress import Phase, Progress
from hf_spaces_runner.domain.result import Attempt, CandidateKind, Status, Timings
from hf_spaces_runner.errors import AllCandidatesFailedError, InvalidInputError, RunnerError, TryNext
from hf_spaces_runner.fallback import hide_secrets


class Staffing:
    """Who answers a batch now, and who comes next if that one does not start. For one thread, but for `open_worker`.

    Use it as a context manager: the first container is gone afterwards, whoever took it over.
    """

    def __init__(self, place: Workplace) -> None:
        self._place = place
        self._member: Member | None = None
        self._first: Worker | None = None
        self._ready: Worker | None = None
        self._was_started = False
        self._made = 0
        self._only_models = False
        self._failures: list[RunnerError] = []
        self._told: list[str] = []

    @property
    def hop(self) -> Hop:
        """What leads to who answers."""
        return self._now.hop

    def key_of(self, item: Item) -> str | None:
        """Return what tells the call about `item` from all others, for who answers now. See `Member.key_of`.

        Raises:
            RunnerError: nobody is left who may answer.
        """
        return self._now.key_of(item)

    def start(self) -> bool:
        """Start the first container, unless that was done; return whether somebody else is to answer now.

        Where the time of the batch ends meanwhile nobody is started, and `is_over` says so.

        Raises:
            RunnerError: nobody is left who may answer.
        """
        if self._was_started:
            return False
        member, worker = self._now, self._new_worker()
        self._first = worker
        try:
            worker.__enter__()
        except RunnerError as error:
            if self._is_too_late:
                return False
            if member.try_again(error):
                return self.start()
            self._note(member.hop, error)
            self._member = self._next()
            return True
        self._ready = worker
        self._was_started = True
        hop, timings = member.hop, Timings(ready_s=worker.cold_start_s)
        self._place.on_attempt(Attempt(kind=hop.kind, name=hop.name, status=Status.OK, timings=timings))
        return False

    def open_worker(self) -> Worker:
        """Return the container that was started first, once, and then others. See `OpenWorker`."""
        ready, self._ready = self._ready, None
        return self._new_worker() if ready is None else _Started(ready)

    def __enter__(self) -> Self:
        """Return itself; nothing is started."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the first container where nobody took it over, or whoever did was interrupted before it had begun."""
        if self._first is not None:
            self._first.__exit__(kind, error, traceback)

    @property
    def is_over(self) -> bool:
        """Whether the time of the batch was over before anybody had started."""
        return self._is_too_late and not self._was_started

    @property
    def _is_too_late(self) -> bool:
        deadline = self._place.deadline
        return deadline is not None and deadline.passed

    @property
    def _now(self) -> Member:
        if self._member is None:
            self._member = self._next()
        return self._member

    def _new_worker(self) -> Worker:
        self._made += 1
        return self._now.worker(self._made)

    def _next(self) -> Member:
        place = self._place
        for hop in place.begun.hops:
            why_not = hop.skipped or ("no engine answers" if self._only_models and _is_space(hop) else None)
            if why_not is not None:
                self._told.append(f"{hop.name}: left out, {why_not}")
                continue
            limit = place.begun.request.max_attempts
            if limit is not None and len(self._failures) >= limit:
                break
            if self._failures:
                said = self._failures[-1].message.partition("\n")[0]
                note = f"Failed: {said}; trying {hop.name}."
                place.on_progress(Progress(phase=Phase.PLAN, message=note, note=True))
            try:
                return member_of(hop, place)
            except RunnerError as error:
                self._note(hop, error)
        if len(self._failures) == 1:
            raise self._failures[0]
        raise AllCandidatesFailedError("\n".join(["nobody could be started for the batch:", *self._told]))

    def _note(self, hop: Hop, error: RunnerError) -> None:
        hide_secrets(error, self._place.begun.request)
        self._failures.append(error)
        self._told.append(f"{hop.name}: {error.message}")
        if self._place.rescue is not None:
            self._place.rescue.leave_out(hop.name)
        attempt = Attempt(kind=hop.kind, name=hop.name, status=Status.FAILED, error=error.message)
        self._place.on_attempt(replace(attempt, verdict=error.verdict, hint=error.hint, evidence=error.evidence))
        if error.try_next is TryNext.LOCAL_MODELS:
            self._only_models = True
        elif error.try_next is TryNext.NO and (hop.is_selected or not isinstance(error, InvalidInputError)):
            raise error


def _is_space(hop: Hop) -> bool:
    return hop.kind is CandidateKind.SPACE


class _Started:
    """A worker that was entered before the pool wanted one. See `Worker`."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self.name = worker.name
        self.concurrency = worker.concurrency
        self.cold_start_s = worker.cold_start_s

    def __enter__(self) -> Self:
        """Return itself, as it is started."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End it."""
        self._worker.__exit__(kind, error, traceback)

    def session(self) -> AbstractContextManager[WorkerSession]:
        """Return a line to it."""
        return self._worker.session()

    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._worker.is_alive()

    def memory_share(self) -> float:
        """How much of its memory cap it uses."""
        return self._worker.memory_share()

    def abort(self) -> None:
        """End it, and what is under way."""
        self._worker.abort()
