"""Who answers a batch: the first of the chain that starts, and nobody is left over."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace, TracebackType
from typing import Any, Self, cast

import pytest

from hf_spaces_runner.batch import staffing as staffing_module
from hf_spaces_runner.batch.members import Workplace
from hf_spaces_runner.batch.staffing import Staffing
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.hop import Hop
from hf_spaces_runner.domain.item import Item
from hf_spaces_runner.domain.progress import Progress
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.result import CandidateKind
from hf_spaces_runner.domain.routing import Tier
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.errors import (
    AllCandidatesFailedError,
    ContainerExitedError,
    EngineUnavailableError,
    ImageNotFoundError,
    InvalidInputError,
    RunnerError,
    SlotTimeoutError,
)
from tests.unit.batch.fake_space import item

BROKEN = ContainerExitedError("it exited with hunter22", verdict="exited_at_start")


class Worker:
    """Starts, or fails to."""

    concurrency = 1
    cold_start_s = 0.5

    def __init__(self, name: str, error: BaseException | None) -> None:
        self.name = name
        self.error = error
        self.entered = self.left = 0

    def __enter__(self) -> Self:
        self.entered += 1
        if self.error is not None:
            raise self.error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.left += 1


class Member:
    """Its workers fail with one of `errors` after the other, and then start."""

    def __init__(self, hop: Hop, errors: list[BaseException], *, tries: int = 0) -> None:
        self.hop = hop
        self.errors = errors
        self.tries = tries
        self.workers: list[Worker] = []

    def key_of(self, item: Item) -> str:
        return f"{self.hop.name} {item.id}"

    def worker(self, number: int) -> Worker:
        self.workers.append(Worker(f"{self.hop.name}-{number}", self.errors.pop(0) if self.errors else None))
        return self.workers[-1]

    def try_again(self, error: RunnerError) -> bool:
        del error
        self.tries -= 1
        return self.tries >= 0


class Chain:
    """A chain of members, by name, and what was told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.members: dict[str, Member | RunnerError] = {}
        self.hops: list[Hop] = []
        self.told: list[str] = []
        self.now = 0.0
        monkeypatch.setattr(staffing_module, "member_of", self.member_of)

    def add(
        self,
        name: str,
        *errors: BaseException,
        missing: RunnerError | None = None,
        kind: CandidateKind = CandidateKind.SPACE,
        skipped: str | None = None,
        tries: int = 0,
    ) -> None:
        hop = Hop(kind=kind, name=name, tier=Tier.HEAVY, skipped=skipped, is_selected=not self.hops)
        self.hops.append(hop)
        self.members[name] = missing or Member(hop, list(errors), tries=tries)

    def member_of(self, hop: Hop, place: Workplace) -> Member:
        del place
        found = self.members[hop.name]
        if isinstance(found, RunnerError):
            raise found
        return found

    def workers(self, name: str) -> list[Worker]:
        return cast("Member", self.members[name]).workers

    def note(self, progress: Progress) -> None:
        self.told.append(progress.message)

    def staffing(self, *, deadline_s: float | None = None, max_attempts: int | None = None) -> Staffing:
        request = Request(space="a", max_attempts=max_attempts, secrets={"KEY": Secret("hunter22")})
        place: Any = SimpleNamespace(
            begun=SimpleNamespace(request=request, hops=iter(self.hops)),
            rescue=None,
            on_attempt=lambda _: None,
            deadline=None if deadline_s is None else Deadline.after(deadline_s, lambda: self.now),
            on_progress=self.note,
        )
        return Staffing(place)


@pytest.fixture
def chain(monkeypatch: pytest.MonkeyPatch) -> Chain:
    return Chain(monkeypatch)


@contextmanager
def started(staffing: Staffing) -> Iterator[Staffing]:
    with staffing:
        while staffing.start():
            pass
        yield staffing


def test_nothing_starts_before_it_is_wanted(chain: Chain) -> None:
    chain.add("a")
    with chain.staffing() as staffing:
        assert staffing.key_of(item(1)) == "a i1"
        assert chain.workers("a") == []


def test_the_first_container_is_taken_over_once(chain: Chain) -> None:
    chain.add("a")
    with started(chain.staffing()) as staffing:
        assert not staffing.start()
        (first,) = chain.workers("a")
        with staffing.open_worker() as worker:
            assert worker.name == "a-1"
        assert (first.entered, first.left) == (1, 1)
        assert staffing.open_worker().name == "a-2"


def test_one_that_nobody_took_over_or_never_entered_is_gone_as_well(chain: Chain) -> None:
    chain.add("a")
    with started(chain.staffing()) as staffing:
        staffing.open_worker()  # and then came an interrupt
    assert chain.workers("a")[0].left == 1


def test_an_interrupt_during_the_start_leaves_nothing(chain: Chain) -> None:
    chain.add("a", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt), started(chain.staffing()):
        pass
    assert chain.workers("a")[0].left == 1


def test_where_one_does_not_start_the_next_answers_and_keys_are_its_own(chain: Chain) -> None:
    chain.add("a", BROKEN)
    chain.add("b", skipped="it rests")
    chain.add("c", missing=ImageNotFoundError("no image"))
    chain.add("d")
    with chain.staffing() as staffing:
        assert staffing.start()
        assert staffing.key_of(item(1)) == "d i1"
        assert not staffing.start()
    assert chain.told == [
        "Failed: it exited with ***; trying c.",
        "Failed: no image; trying d.",
    ]


def test_a_member_may_want_another_try(chain: Chain) -> None:
    chain.add("a", BROKEN, tries=1)
    with started(chain.staffing()) as staffing:
        assert staffing.hop.name == "a"
        assert [worker.entered for worker in chain.workers("a")] == [1, 1]


def test_where_nobody_starts_all_are_named(chain: Chain) -> None:
    chain.add("a", BROKEN)
    chain.add("b", ContainerExitedError("so did it"))
    with pytest.raises(AllCandidatesFailedError) as caught, started(chain.staffing()):
        pass
    assert "a: it exited" in caught.value.message
    assert "b: so did it" in caught.value.message
    assert "hunter22" not in caught.value.message


def test_where_there_is_but_one_its_failure_is_told(chain: Chain) -> None:
    chain.add("a", BROKEN)
    with pytest.raises(ContainerExitedError), started(chain.staffing()):
        pass


def test_no_more_are_asked_than_the_user_wants(chain: Chain) -> None:
    chain.add("a", BROKEN)
    chain.add("b")
    with pytest.raises(ContainerExitedError), started(chain.staffing(max_attempts=1)):
        pass
    assert chain.workers("b") == []


def test_without_an_engine_only_models_are_asked(chain: Chain) -> None:
    chain.add("a", EngineUnavailableError("no engine"))
    chain.add("b")
    chain.add("m", kind=CandidateKind.LOCAL_MODEL)
    with started(chain.staffing()) as staffing:
        assert staffing.hop.name == "m"


def test_some_failures_end_it(chain: Chain) -> None:
    chain.add("a", SlotTimeoutError("no slot"))
    chain.add("b")
    with pytest.raises(SlotTimeoutError), started(chain.staffing()):
        pass


def test_what_was_meant_for_the_first_may_not_fit_another(chain: Chain) -> None:
    chain.add("a", BROKEN)
    chain.add("b", missing=InvalidInputError("no such parameter"))
    chain.add("c")
    with started(chain.staffing()) as staffing:
        assert staffing.hop.name == "c"


def test_a_start_that_outlasts_the_batch_is_no_failure(chain: Chain) -> None:
    chain.add("a", BROKEN)
    chain.add("b")
    with chain.staffing(deadline_s=5) as staffing:
        over = [staffing.is_over]
        _ = staffing.hop
        chain.now = 5.0
        assert not staffing.start()
        assert [*over, staffing.is_over] == [False, True]
    assert chain.workers("b") == []
