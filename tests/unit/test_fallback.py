"""Who is asked after whom, and how a chain ends."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from hf_spaces_runner.attempt import Answered
from hf_spaces_runner.domain.hop import Hop
from hf_spaces_runner.domain.progress import Progress
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.result import Attempt, CandidateKind, RunResult, Status
from hf_spaces_runner.domain.routing import Tier
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.errors import (
    AllCandidatesFailedError,
    CallTimeoutError,
    EngineUnavailableError,
    Evidence,
    ImageNotFoundError,
    InvalidInputError,
    RunnerError,
    SlotTimeoutError,
    SpaceFailedError,
    UsageError,
)
from hf_spaces_runner.fallback import Chain
from hf_spaces_runner.ready_space import Measured
from hf_spaces_runner.results.process import ProcessedAnswer

REQUEST = Request(space="first")


def hop(name: str, *, skipped: str | None = None) -> Hop:
    is_model = name.startswith("model")
    return Hop(
        kind=CandidateKind.LOCAL_MODEL if is_model else CandidateKind.SPACE,
        name=name,
        tier=Tier.FAST if is_model else Tier.HEAVY,
        skipped=skipped,
        is_selected=name == "first",
    )


class Run:
    """A chain whose hops fail as they are told to, and answer with their name else."""

    def __init__(self, failures: Mapping[str, RunnerError], request: Request = REQUEST) -> None:
        self.failures = failures
        self.request = request
        self.tried: list[str] = []
        self.limits: list[float | None] = []
        self.attempts: list[Attempt] = []
        self.said: list[str] = []

    def of(self, *hops: Hop) -> RunResult:
        return self.over(iter(hops))

    def over(self, hops: Iterator[Hop]) -> RunResult:
        chain = Chain(
            run_id="run",
            request=self.request,
            started=time.monotonic(),
            try_hop=self._try,
            on_progress=self._hear,
            on_attempt=self.attempts.append,
        )
        return chain.run(hops)

    def _try(self, hop: Hop, _measured: Measured, limit_s: float | None) -> Answered:
        self.tried.append(hop.name)
        self.limits.append(limit_s)
        if hop.name in self.failures:
            raise self.failures[hop.name]
        return Answered(processed=ProcessedAnswer(text=hop.name, outputs=(), files=()))

    def _hear(self, progress: Progress) -> None:
        self.said.append(progress.message)


def statuses(run: Run) -> list[tuple[str, Status]]:
    return [(attempt.name, attempt.status) for attempt in run.attempts]


def test_the_first_that_answers_is_the_result_and_nobody_else_is_looked_for() -> None:
    run = Run({})

    def hops() -> Iterator[Hop]:
        yield hop("first")
        pytest.fail("who follows was looked for")

    result = run.over(hops())
    assert (result.space, result.text, result.tier) == ("first", "first", Tier.HEAVY)
    assert statuses(run) == [("first", Status.OK)]
    assert run.said == []


def test_each_hop_is_told_and_in_the_result() -> None:
    run = Run({"first": SpaceFailedError("it broke\nwith details")})
    result = run.of(hop("first"), hop("second", skipped="it rests"), hop("model"))
    assert statuses(run) == [("first", Status.FAILED), ("second", Status.SKIPPED), ("model", Status.OK)]
    assert result.attempts == tuple(run.attempts)
    assert [attempt.error for attempt in result.attempts] == ["it broke\nwith details", "it rests", None]
    assert (result.space, result.tier) == ("model", Tier.FAST)
    assert run.said == ["Failed: it broke; trying model."]


def test_one_failure_is_itself_and_several_are_all_listed() -> None:
    lonely = ImageNotFoundError("gone")
    with pytest.raises(ImageNotFoundError):
        Run({"first": lonely}).of(hop("first"), hop("second", skipped="it is disabled"))
    run = Run({"first": lonely, "second": SpaceFailedError("broke")})
    with pytest.raises(AllCandidatesFailedError) as caught:
        run.of(hop("first"), hop("left", skipped="it is disabled"), hop("second"))
    assert caught.value.exit_code == 20
    assert caught.value.message.splitlines()[1:] == ["first: gone", "left: left out, it is disabled", "second: broke"]


@pytest.mark.parametrize("error", [UsageError("no"), SlotTimeoutError("full"), InvalidInputError("does not fit")])
def test_what_no_other_would_change_ends_it(error: RunnerError) -> None:
    run = Run({"first": error})
    with pytest.raises(type(error)):
        run.of(hop("first"), hop("second"))
    assert run.tried == ["first"]


def test_inputs_for_the_first_that_do_not_fit_the_next_are_no_reason_to_stop() -> None:
    run = Run({"first": SpaceFailedError("broke"), "second": InvalidInputError("what is steps?")})
    assert run.of(hop("first"), hop("second"), hop("third")).space == "third"


def test_without_an_engine_only_models_are_asked() -> None:
    run = Run({"first": EngineUnavailableError("none")})
    assert run.of(hop("first"), hop("second"), hop("model")).space == "model"
    assert statuses(run) == [("first", Status.FAILED), ("second", Status.SKIPPED), ("model", Status.OK)]
    with pytest.raises(EngineUnavailableError):
        Run({"first": EngineUnavailableError("none")}).of(hop("first"), hop("second"))


def test_at_most_so_many_are_asked() -> None:
    failures: dict[str, RunnerError] = {name: SpaceFailedError("broke") for name in ("first", "second", "third")}
    run = Run(failures, replace(REQUEST, max_attempts=2))
    with pytest.raises(AllCandidatesFailedError):
        run.of(hop("first"), hop("left", skipped="so"), hop("second"), hop("third"))
    assert run.tried == ["first", "second"]


def test_the_deadline_is_shared_and_ends_it() -> None:
    failures: dict[str, RunnerError] = {name: SpaceFailedError("broke") for name in ("first", "second")}
    run = Run(failures, replace(REQUEST, deadline_s=100))
    with pytest.raises(AllCandidatesFailedError):
        run.of(hop("first"), hop("second"))
    first, second = run.limits
    assert first is not None
    assert second is not None
    assert 50 < first < 100
    assert 50 < second < 100
    alone = Run({}, replace(REQUEST, deadline_s=100, fallback=()))
    alone.of(hop("first"))
    assert alone.limits[0] is not None
    assert alone.limits[0] > 99
    last = Run(failures, replace(REQUEST, deadline_s=100, max_attempts=2))
    with pytest.raises(AllCandidatesFailedError):
        last.of(hop("first"), hop("second"))
    assert [limit is not None and limit > 99 for limit in last.limits] == [False, True]
    with pytest.raises(CallTimeoutError):
        Run({}, replace(REQUEST, deadline_s=1e-9)).of(hop("first"))


def test_what_ran_into_the_deadline_is_told_that_this_can_be_longer() -> None:
    with pytest.raises(CallTimeoutError) as caught:
        Run({}, replace(REQUEST, deadline_s=1e-9)).of(hop("first"))
    assert "--deadline" in str(caught.value.hint)
    run = Run({"first": CallTimeoutError("too slow")}, replace(REQUEST, deadline_s=100, fallback=()))
    with pytest.raises(CallTimeoutError) as caught:
        run.of(hop("first"))
    assert "--timeout" in str(caught.value.hint)


def test_a_secret_that_a_space_printed_is_told_nobody() -> None:
    error = SpaceFailedError("the key hunter22 is wrong", evidence=Evidence(log="hunter22"))
    run = Run({"first": error}, replace(REQUEST, secrets={"KEY": Secret("hunter22")}))
    run.of(hop("first"), hop("model"))
    assert "hunter22" not in str(run.attempts) + "".join(run.said)


def test_a_bug_surfaces() -> None:
    run = Run({"first": ZeroDivisionError("ours")})  # type: ignore[dict-item]
    with pytest.raises(ZeroDivisionError):
        run.of(hop("first"), hop("second"))
