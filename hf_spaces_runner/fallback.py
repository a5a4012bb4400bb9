"""Tries the candidates of a plan in order, until one brings an answer."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from hf_spaces_runner.attempt import Answered, try_candidate
from hf_spaces_runner.domain.plan import Candidate, Plan
from hf_spaces_runner.domain.progress import ProgressCallback
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.result import Attempt, RunResult, Status
from hf_spaces_runner.domain.secret import redact
from hf_spaces_runner.errors import AllCandidatesFailedError, RunnerError, TryNext
from hf_spaces_runner.ready_space import Measured, Services

AttemptCallback = Callable[[Attempt], None]


def try_in_order(
    services: Services,
    plan: Plan,
    request: Request,
    started: float,
    on_progress: ProgressCallback,
    on_attempt: AttemptCallback,
) -> RunResult:
    """Return what the first candidate of `plan` answers that answers. `started` is when the run began (monotonic).

    Raises:
        RunnerError: what the only candidate failed with, or one with which no other is tried.
        AllCandidatesFailedError: each of several failed.
    """
    attempts: list[Attempt] = []
    failures: list[RunnerError] = []
    for candidate in plan.candidates:
        measured = Measured()
        try:
            answered = try_candidate(services, candidate, plan.run_id, request.output_directory, measured, on_progress)
        except RunnerError as error:
            hide_secrets(error, request)
            attempts.append(_attempt(candidate, measured, error))
            on_attempt(attempts[-1])
            failures.append(error)
            if error.try_next is not TryNext.YES:
                raise
            continue
        attempts.append(_attempt(candidate, measured, None))
        on_attempt(attempts[-1])
        return _result(plan, candidate, answered, attempts, keep=request.keep, total_s=time.monotonic() - started)
    if len(failures) == 1:
        raise failures[0]
    raise AllCandidatesFailedError(
        "no candidate brought an answer:\n" + "\n".join(f"{item.name}: {item.error}" for item in attempts)
    )


def _result(
    plan: Plan, candidate: Candidate, answered: Answered, attempts: list[Attempt], *, keep: bool, total_s: float
) -> RunResult:
    return RunResult(
        run_id=plan.run_id,
        status=Status.OK,
        space=candidate.space.id,
        tier=plan.tier,
        text=answered.processed.text,
        outputs=answered.processed.outputs,
        files=answered.processed.files,
        attempts=tuple(attempts),
        image_digest=answered.image.digest,
        total_s=total_s,
        container=answered.container if keep else None,
        url=answered.url if keep else None,
    )


def _attempt(candidate: Candidate, measured: Measured, error: RunnerError | None) -> Attempt:
    return Attempt(
        kind=candidate.kind,
        name=candidate.space.id,
        status=Status.OK if error is None else Status.FAILED,
        error=None if error is None else error.message,
        verdict=None if error is None else error.verdict,
        hint=None if error is None else error.hint,
        evidence=None if error is None else error.evidence,
        timings=measured.timings(),
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
