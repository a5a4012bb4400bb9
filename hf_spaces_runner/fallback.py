"""Tries the hops of a chain in order, until one brings an answer."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from hf_spaces_runner.attempt import Answered
from hf_spaces_runner.domain.hop import Hop
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.result import Attempt, CandidateKind, RunResult, Status
from hf_spaces_runner.domain.secret import redact
from hf_spaces_runner.errors import (
    AllCandidatesFailedError,
    CallTimeoutError,
    InvalidInputError,
    NotReadyError,
    RunnerError,
    SlotTimeoutError,
    TryNext,
    UsageError,
)
from hf_spaces_runner.logs import facts
from hf_spaces_runner.planning.chain import share_s
from hf_spaces_runner.ready_space import Measured

_log = logging.getLogger(__name__)
_TIMEOUTS = (CallTimeoutError, NotReadyError, SlotTimeoutError)
_LONGER = "give it longer with --deadline"
AttemptCallback = Callable[[Attempt], None]
TryHop = Callable[[Hop, Measured, float | None], Answered]
"""Asks one hop; the last argument is how many seconds it may take, None for as long as its own limits say."""


@dataclass(slots=True, kw_only=True)
class Chain:
    """One run over a chain of hops, and how it goes on.

    `started` is when the run began (monotonic). `try_hop` asks one hop. `on_attempt` is told of each that was tried or
    left out.
    """

    run_id: str
    request: Request
    started: float
    try_hop: TryHop
    on_progress: ProgressCallback
    on_attempt: AttemptCallback
    _attempts: list[Attempt] = field(default_factory=list, init=False)
    _failures: list[RunnerError] = field(default_factory=list, init=False)

    def run(self, hops: Iterable[Hop]) -> RunResult:
        """Return what the first of `hops` answers that answers; they are asked for one by one.

        Raises:
            RunnerError: what the only hop that was tried failed with, or one with which no other is tried.
            AllCandidatesFailedError: each of several failed.
        """
        only_models = False
        for hop in hops:
            if hop.skipped is not None or (only_models and hop.kind is CandidateKind.SPACE):
                self._skip(hop, hop.skipped or "no engine answers")
                continue
            if self._is_over():
                break
            answered = self._answer_of(hop)
            if answered is not None:
                return self._result(hop, answered)
            last = self._failures[-1]
            if last.try_next is TryNext.LOCAL_MODELS:
                only_models = True
            elif last.try_next is TryNext.NO and not _was_meant_for_another(hop, last):
                raise last
        raise self._failure()

    def _answer_of(self, hop: Hop) -> Answered | None:
        measured = Measured()
        _log.info("trying %s", hop.name, extra=facts(tier=hop.tier))
        if self._failures:
            said = self._failures[-1].message.partition("\n")[0]
            self.on_progress(Progress(phase=Phase.PLAN, message=f"Failed: {said}; trying {hop.name}.", note=True))
        left = self._time_left()
        asked_at = time.monotonic()
        try:
            answered = self.try_hop(hop, measured, left)
        except RunnerError as error:
            if left is not None and time.monotonic() - asked_at >= left and isinstance(error, _TIMEOUTS):
                error.hint = _LONGER
            hide_secrets(error, self.request)
            # What a Space says may be what went in, so the error's words are content.
            about = facts({"error": error.message}, verdict=error.verdict, exit_code=error.exit_code)
            _log.warning("%s failed", hop.name, extra=about)
            self._note(_attempt(hop, measured, error))
            self._failures.append(error)
            return None
        attempt = replace(_attempt(hop, measured, None), cached=answered.cached_at is not None)
        _log.info("%s answered", hop.name, extra=facts(tier=hop.tier, cached=attempt.cached))
        self._note(attempt)
        return answered

    def _is_over(self) -> bool:
        limit = self.request.max_attempts
        if limit is not None and len(self._failures) >= limit:
            return True
        remaining = self._remaining_s()
        if remaining is None or remaining > 0:
            return False
        if not self._failures:
            said = f"the deadline of {self.request.deadline_s:g} s was over before anybody was asked"
            raise CallTimeoutError(said, hint=_LONGER)
        return True

    def _remaining_s(self) -> float | None:
        if self.request.deadline_s is None:
            return None
        return self.request.deadline_s - (time.monotonic() - self.started)

    def _time_left(self) -> float | None:
        remaining = self._remaining_s()
        if remaining is None:
            return None
        is_last = self.request.fallback == () or len(self._failures) + 1 == self.request.max_attempts
        return share_s(remaining, is_last=is_last)

    def _skip(self, hop: Hop, why: str) -> None:
        _log.info("%s is left out", hop.name, extra=facts({"reason": why}))
        self._note(Attempt(kind=hop.kind, name=hop.name, status=Status.SKIPPED, error=why))

    def _note(self, attempt: Attempt) -> None:
        self._attempts.append(attempt)
        self.on_attempt(attempt)

    def _failure(self) -> RunnerError:
        if len(self._failures) == 1:
            return self._failures[0]
        reasons = [_in_words(item) for item in self._attempts]
        if self.request.space is None and not self._failures:
            return UsageError(
                "\n".join(["which Space? --hf-space is missing, and nobody else can answer:", *reasons]),
                hint="hfsr list shows the Spaces of the registry, and hfsr recommend those for a task",
            )
        return AllCandidatesFailedError("\n".join(["no candidate brought an answer:", *reasons]))

    def _result(self, hop: Hop, answered: Answered) -> RunResult:
        keep = self.request.keep and hop.kind is CandidateKind.SPACE
        return RunResult(
            run_id=self.run_id,
            status=Status.OK,
            space=hop.name,
            tier=hop.tier,
            text=answered.processed.text,
            outputs=answered.processed.outputs,
            files=answered.processed.files,
            attempts=tuple(self._attempts),
            image_digest=None if answered.image is None else answered.image.digest,
            total_s=time.monotonic() - self.started,
            cached_at=answered.cached_at,
            container=answered.container if keep else None,
            url=answered.url if keep else None,
        )


def _in_words(attempt: Attempt) -> str:
    return f"{attempt.name}: {'left out, ' if attempt.status is Status.SKIPPED else ''}{attempt.error}"


def _was_meant_for_another(hop: Hop, error: RunnerError) -> bool:
    """Return whether `error` is about inputs that the user gave for the selected Space, and this is another."""
    return not hop.is_selected and isinstance(error, InvalidInputError)


def _attempt(hop: Hop, measured: Measured, error: RunnerError | None) -> Attempt:
    return Attempt(
        kind=hop.kind,
        name=hop.name,
        status=Status.OK if error is None else Status.FAILED,
        error=None if error is None else error.message,
        verdict=None if error is None else error.verdict,
        hint=None if error is None else error.hint,
        evidence=None if error is None else error.evidence,
        timings=measured.timings(),
        peak_memory_bytes=measured.peak_memory_bytes,
    )


@contextmanager
def hidden_secrets(request: Request) -> Iterator[None]:
    """Take the request's secrets out of an error that the block raises."""
    try:
        yield
    except RunnerError as error:
        hide_secrets(error, request)
        raise


def hide_secrets(error: RunnerError, request: Request) -> None:
    """Take the request's secrets out of what a Space may have printed of them."""
    secrets = tuple(request.secrets.values())
    error.message = redact(error.message, secrets)
    if error.evidence is not None:
        error.evidence = replace(error.evidence, log=redact(error.evidence.log, secrets))
