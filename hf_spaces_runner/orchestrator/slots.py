"""Starts containers when their turn comes: so many at once on an engine, and no more than its memory holds."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from hf_spaces_runner.domain.container import ContainerStatus, ListedContainer
from hf_spaces_runner.domain.deadline import Clock, Deadline
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.domain.units import format_duration, format_size
from hf_spaces_runner.errors import SlotTimeoutError
from hf_spaces_runner.orchestrator.engine import Container, Engine
from hf_spaces_runner.orchestrator.reaper import living_containers
from hf_spaces_runner.planning.admission import Admission, Capacity, Wait, check_ever_fits, decide

_LOOK_EVERY_S = 1.0
"""How long a process that was killed keeps its slot: its end is no event of the engine's."""
_TURN_S = 1.0
_DOOR_S = 120.0


class Slots:
    """The right to have a Space running: `max_running` of them on an engine, over all processes and users.

    The engine is the ledger. A container that runs is a slot that is taken, and one that was made and not started
    stands in the queue; so nothing has to be given back, and nobody's end loses a slot. To look and to start must be
    one step: whoever starts a container first puts it into the door, which the engine lets one at a time do.

    `memory_budget_bytes` is what the caps of all Spaces may add up to; None for all that the engine's machine has.
    """

    def __init__(
        self, engine: Engine, *, max_running: int, memory_budget_bytes: int | None, clock: Clock = time.monotonic
    ) -> None:
        self._engine = engine
        self._max_running = max_running
        self._memory_budget_bytes = memory_budget_bytes
        self._clock = clock
        self._known_capacity: Capacity | None = None

    def check_ever_fits(self, space_id: str, memory_bytes: int) -> None:
        """Check that a Space with the memory cap `memory_bytes` can start at all.

        Raises:
            PolicyError: its cap is more than all Spaces together may have.
            EngineUnavailableError: no engine answers.
        """
        check_ever_fits(space_id, memory_bytes, self._capacity())

    def start(
        self,
        container: Container,
        deadline: Deadline,
        on_progress: ProgressCallback,
        *,
        starting: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """Start `container` as soon as it may run; `starting` surrounds the moment when it does.

        Raises:
            SlotTimeoutError: its turn did not come before `deadline`; the message names who runs.
            PolicyError: its memory cap is more than all Spaces together may have.
            LaunchError: the engine refused to start it.
            EngineUnavailableError: no engine answers.
        """
        seen = self._try(container, starting, frozenset(), frozenset())
        if seen is None:
            return
        patience = _Patience(self._engine, self._clock)
        told: object = None
        began = self._clock()
        with self._engine.changes() as changes:
            while True:
                # Two that start at the same moment wait for each other, and nobody needs to know.
                worth_telling = seen.wait is not Wait.TURN or self._clock() - began >= _TURN_S
                news = (seen.wait, [item.id for item in seen.running], len(seen.ahead))
                if worth_telling and news != told:
                    told = news
                    on_progress(Progress(phase=Phase.WAIT, message=self._waiting_for(seen)))
                # Also right after the beginning to listen: what happened before that would be missed.
                seen = self._look(container, patience.passed_over, changes.ended)
                if seen.wait is None:
                    seen = self._try(container, starting, patience.passed_over, changes.ended)
                if seen is None:
                    if told is not None:
                        on_progress(Progress(phase=Phase.WAIT, message="a slot is free", done=True))
                    return
                if deadline.passed:
                    raise self._timed_out(seen, deadline)
                patience.note(seen)
                changes.wait(min(_LOOK_EVERY_S, max(deadline.remaining_s, 0.01)))

    def _look(self, container: Container, passed_over: frozenset[str], ended: frozenset[str]) -> Admission:
        listed = (
            replace(item, status=ContainerStatus.EXITED) if item.id in ended else item
            for item in living_containers(self._engine)
        )
        return decide(container.id, listed, self._capacity(), passed_over)

    def _try(
        self,
        container: Container,
        starting: Callable[[], AbstractContextManager[None]],
        passed_over: frozenset[str],
        ended: frozenset[str],
    ) -> Admission | None:
        """Start `container` if it may run and return None; else return what it waits for."""
        with self._engine.door(container) as entered:
            seen = self._look(container, passed_over, ended)
            if entered and seen.wait is None:
                with starting():
                    container.start()
                return None
        # Where only the door was closed, another one goes through it at this moment.
        return replace(seen, wait=seen.wait or Wait.TURN)

    def _capacity(self) -> Capacity:
        if self._known_capacity is None:
            budget = self._memory_budget_bytes
            self._known_capacity = Capacity(
                max_running=self._max_running, memory_bytes=self._engine.memory_bytes() if budget is None else budget
            )
        return self._known_capacity

    def _waiting_for(self, seen: Admission) -> str:
        capacity = self._capacity()
        ahead = f"; {len(seen.ahead)} came before" if seen.ahead else ""
        holders = _holders(seen.running) or "another one is being started"
        if seen.wait is Wait.MEMORY:
            taken = format_size(sum(item.labels.memory_bytes for item in seen.running))
            # The holders first: a terminal may have no room for all of it.
            budget = format_size(capacity.memory_bytes)
            return f"waiting for memory, running: {holders}; {taken} of {budget} are promised to Spaces that run{ahead}"
        if seen.wait is Wait.SLOTS:
            why = f"waiting for a slot: {capacity.max_running} Spaces may run at once"
        else:
            why = "waiting for its turn"
        return f"{why}{ahead}; running: {holders}"

    def _timed_out(self, seen: Admission, deadline: Deadline) -> SlotTimeoutError:
        holders = _holders(seen.running) or "another process is starting one"
        limit = format_duration(deadline.limit_s)
        if seen.wait is Wait.MEMORY:
            budget = format_size(self._capacity().memory_bytes)
            return SlotTimeoutError(
                f"not enough memory within {limit}: all Spaces together may have {budget}, and these run: {holders}",
                hint="wait, hfsr stop one of them, give this one less with --memory, or raise memory_budget",
                verdict="no_memory",
            )
        return SlotTimeoutError(
            f"no slot within {limit}: {self._max_running} Spaces may run at once (setting max_running), and these do:"
            f" {holders}"
        )


class _Patience:
    """Knows for how long others have not taken their turn: a process that was stopped must not stop all others."""

    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock
        self._since: dict[str, float] = {}
        self.passed_over: frozenset[str] = frozenset()

    def note(self, seen: Admission) -> None:
        """Take in who is next, and who stands in the door; whoever has been for too long is passed over."""
        now = self._clock()
        head, in_door = seen.next_in_turn, seen.in_door
        current = {item.id for item in (head, in_door) if item is not None}
        self._since = {key: self._since.get(key, now) for key in current}
        if in_door is not None and now - self._since[in_door.id] > _DOOR_S:
            self._engine.free_door(f"hfsr-{in_door.labels.run_id}")
        elif in_door is None and head is not None and now - self._since[head.id] > _TURN_S:
            self.passed_over |= {head.id}


def _holders(running: tuple[ListedContainer, ...]) -> str:
    now = time.time()
    # An image may bring labels of its own, so even these are a Space's to write.
    return ", ".join(_holder(item, now) for item in sorted(running, key=lambda item: item.labels.created_at))


def _holder(container: ListedContainer, now: float) -> str:
    labels = container.labels
    since = format_duration(max(0, round(now - labels.created_at)))
    by = f" by {labels.user}" if labels.user else ""
    memory = f", {format_size(labels.memory_bytes)}" if labels.memory_bytes else ""
    return one_line(f"{labels.space_id or '?'} ({labels.command or 'hfsr'}{by}, since {since}{memory})")
