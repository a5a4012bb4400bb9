"""Runs the containers of a batch, each with a thread that keeps it and one for each call that it takes at a time."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass

from hf_spaces_runner.batch.jobs import Job, Jobs
from hf_spaces_runner.batch.meter import Meter
from hf_spaces_runner.batch.pool_state import ContainerState, Phase, PoolState
from hf_spaces_runner.batch.worker import OpenWorker, Worker
from hf_spaces_runner.domain.deadline import Clock
from hf_spaces_runner.domain.item import Item, ItemResult
from hf_spaces_runner.domain.result import Status
from hf_spaces_runner.errors import CallError, RunnerError
from hf_spaces_runner.planning.pool_growth import Load, comes_too_late, remaining_items
from hf_spaces_runner.planning.pool_policy import (
    Again,
    Fault,
    PoolRules,
    Restart,
    Stop,
    after_failed_start,
    after_failure,
    fault_of,
    is_hopeless,
    is_worn,
    stop_after,
    timeouts_after,
)

_LOOK_EVERY_S = 0.05
_MEMORY_EVERY_S = 1.0
_MOST_THREADS = 10_000  # they are made as they are needed


@dataclass(slots=True, eq=False)
class _Place:
    """A container and what it does. `is_extra` where it was added to be faster."""

    worker: Worker
    asked_at: float
    wait_s: float
    is_extra: bool
    phase: Phase = Phase.STARTING
    sessions: int = 0
    in_flight: int = 0
    taken: int = 0
    done: int = 0
    timeouts: int = 0
    memory_seen_at: float = 0.0
    is_dead: bool = False


class Crew:
    """Containers at work. Its methods may be called from any thread, and its attributes be read without a lock.

    `finished` and `notes` are taken from by one thread. `open_items` are those that were taken and are not finished,
    `sessions` is how many calls the containers that are ready take at a time, `error` ends the batch.

    Args:
        open_worker: makes a container.
        rules: what the user wants.
        total: how many items there will be, where that is known.
        clock: seconds, monotonic.
        backoff: how many seconds to wait after so many failures.
        failed_result: the result of an item that failed with an error.
    """

    def __init__(
        self,
        open_worker: OpenWorker,
        rules: PoolRules,
        *,
        total: int | None,
        clock: Clock,
        backoff: Callable[[int], float],
        failed_result: Callable[[Item, RunnerError], ItemResult],
    ) -> None:
        self.finished: deque[tuple[int, Item, ItemResult | bytes]] = deque()
        self.notes: deque[str] = deque()
        self.error: BaseException | None = None
        self.stopped: Stop | None = None
        self.open_items = 0
        self.sessions = 0
        self._open_worker = open_worker
        self._rules = rules
        self._total = total
        self._clock = clock
        self._backoff = backoff
        self._failed_result = failed_result
        # Whoever waits is one of three kinds, so that nobody is woken for nothing. One lock: a call takes it once.
        self._lock = threading.RLock()
        self._work = threading.Condition(self._lock)
        self._control = threading.Condition(self._lock)
        self._news = threading.Condition(self._lock)
        self._context = copy_context()  # what is logged there is of this batch
        self._threads = ThreadPoolExecutor(_MOST_THREADS, thread_name_prefix="hfsr-batch")
        self._jobs = Jobs()
        self._meter = Meter()
        self._places: list[_Place] = []
        self._wanted = 1
        self._ward: _Place | None = None
        self._idle = 0
        self._listens = False
        self._hungry_below = 0
        self._seen = self._done = self._failed = self._starts = self._deaths = self._recycled = 0
        self._cold_starts_s = 0.0
        self._failed_starts = self._barren = 0
        self._ever_ready = False
        self._at_end = self._cut = False
        self._look_at = 0.0

    # What the pool asks of it.

    @property
    def _goes_on(self) -> bool:
        return self.stopped is None and self.error is None and not self._cut

    @property
    def waiting(self) -> int:
        """How many items are here and not begun."""
        return len(self._jobs)

    def add(self, job: Job) -> None:
        """Take a new job; the first one starts the first container."""
        with self._lock:
            if not self._goes_on:
                return  # nobody has begun it: the next run of the batch does
            self._seen += 1
            self.open_items += 1
            self._jobs.new.append(job)
            if not self._places:
                self._staff()
            if self._idle:
                self._work.notify_all()

    def note_fault(self, job: Job, result: ItemResult) -> None:
        """Note the result of an item that no container can be asked about."""
        with self._lock:
            self._seen += 1
            self.open_items += 1
            self._finish(job, result)

    def end_of_items(self) -> None:
        """Note that no more jobs come."""
        with self._lock:
            self._at_end = True
            if not self.open_items:
                self._judge(at_end=True)

    def wait_for_news(self, timeout_s: float | None, *, hungry_below: int) -> None:
        """Wait until something is finished or to tell, until all is done, or fewer than so many jobs wait."""
        with self._lock:
            if self._has_news() or len(self._jobs) < hungry_below:
                return
            self._listens, self._hungry_below = True, hungry_below
            self._news.wait(timeout_s)
            self._listens, self._hungry_below = False, 0

    def stop(self, why: Stop) -> None:
        """Begin nothing more. At the deadline what runs is ended, too, and is as if it never was begun."""
        with self._lock:
            if self.stopped is not None or (self._at_end and not self.open_items and why is Stop.DEADLINE):
                return
            self.stopped = why
            self._forget_jobs()
            for place in self._places:
                if place.phase is Phase.STARTING:
                    self._retire(place)
            if why is Stop.DEADLINE:
                self._cut = True
                self._control.notify_all()
                self._work.notify_all()

    def close(self) -> None:
        """End all calls, containers and threads, and return once they are gone."""
        with self._lock:
            self._cut = True
            self._forget_jobs()
            for place in self._places:
                if place.phase is Phase.STARTING:
                    self._submit(place.worker.abort)
            self._control.notify_all()
            self._work.notify_all()
        self._threads.shutdown()

    def state(self) -> PoolState:
        """Return how things stand."""
        with self._lock:
            return PoolState(
                containers=tuple(
                    ContainerState(name=it.worker.name, phase=it.phase, in_flight=it.in_flight, done=it.done)
                    for it in self._places
                ),
                waiting=len(self._jobs),
                again=self._jobs.again,
                done=self._done,
                failed=self._failed,
                rate=self._meter.rate,
                starts=self._starts,
                deaths=self._deaths,
                recycled=self._recycled,
                cold_starts_s=self._cold_starts_s,
                stopped=self.stopped,
            )

    # The threads. A keeper for each container, and below it one for each session.

    def _keep(self, place: _Place) -> None:
        was_up = False
        try:
            if self._may_start(place):
                with place.worker:
                    was_up = True
                    lines = self._came_up(place)
                    self._await_end(place)
                    wait(lines)
        except RunnerError as error:
            if was_up:
                self.notes.append(f"{place.worker.name} could not be removed: {error.message}")
            else:
                self._start_failed(place, error)
        with self._lock:
            self._places.remove(place)
            self._staff()
            self._tell_pool()

    def _may_start(self, place: _Place) -> bool:
        with self._lock:
            start_at = place.asked_at + place.wait_s
            while place.phase is Phase.STARTING and not self._cut and (left_s := start_at - self._clock()) > 0:
                self._control.wait(left_s)
            place.asked_at = self._clock()
            return place.phase is Phase.STARTING and not self._cut

    def _came_up(self, place: _Place) -> "list[Future[None]]":
        with self._lock:
            if place.phase is not Phase.STARTING or self._cut:
                return []
            place.phase = Phase.READY
            place.sessions = max(1, place.worker.concurrency)
            place.memory_seen_at = self._clock()
            self._starts += 1
            self._meter.cold_start_s = place.worker.cold_start_s
            self._cold_starts_s += place.worker.cold_start_s
            self._count_sessions()
            self._tell_pool()
            return [self._submit(self._serve, place) for _ in range(place.sessions)]

    def _await_end(self, place: _Place) -> None:
        """Wait until `place` is to go, and see to it that its calls come to an end."""
        with self._lock:
            while not self._cut and not (place.phase is Phase.LEAVING and (place.is_dead or not place.in_flight)):
                self._control.wait()
            place.phase = Phase.LEAVING
            self._work.notify_all()
            has_calls = place.in_flight > 0
        if has_calls:
            place.worker.abort()

    def _serve(self, place: _Place) -> None:
        opened = False
        try:
            with place.worker.session() as session:
                opened = True
                job = self._first(place)
                while job is not None:
                    try:
                        result = session.call(job.item)
                    except RunnerError as error:
                        job = self._call_failed(place, job, error)
                    else:
                        job = self._answered(place, job, result)
        except RunnerError as error:
            if not opened:
                self._line_failed(place, error)

    def _submit(self, what: Callable[..., None], *arguments: object) -> "Future[None]":
        future = self._threads.submit(self._context.copy().run, what, *arguments)
        future.add_done_callback(self._note_bug)
        return future

    def _note_bug(self, future: "Future[None]") -> None:
        error = future.exception()
        if error is not None:
            with self._lock:
                self._fail(error)

    # How a session gets its jobs, and what becomes of them.

    def _first(self, place: _Place) -> Job | None:
        with self._lock:
            self._ever_ready, self._failed_starts = True, 0
            return self._take(place)

    def _answered(self, place: _Place, job: Job, result: ItemResult) -> Job | None:
        with self._lock:
            now = self._clock()
            place.in_flight -= 1
            place.done += 1
            place.timeouts = self._barren = 0
            self._meter.note_call(now)
            self._finish(job, result)
            if now >= self._look_at:
                self._look(now)
            if now - place.memory_seen_at >= _MEMORY_EVERY_S:
                self._check_wear(place, now)
            return self._take(place)

    def _call_failed(self, place: _Place, job: Job, error: RunnerError) -> Job | None:
        is_alive = not self._cut and not place.is_dead and place.worker.is_alive()
        with self._lock:
            place.in_flight -= 1
            if self._cut:
                self._drop()
                return None
            match fault_of(error, is_alive=is_alive):
                case Fault.ITEM:
                    place.timeouts = timeouts_after(place.timeouts, error)
                    place.done += 0 if place.timeouts else 1
                    self._barren = 0
                    self._finish(job, self._failed_result(job.item, error))
                    self._check_wear(place, self._clock())
                case Fault.PASSING:
                    self._again(job, error)
                case Fault.CONTAINER:
                    job.deaths += 1
                    self._again(job, error)
                    self._lose(place, error, is_alive=is_alive)
                case Fault.BATCH:
                    self._drop()
                    self._fail(error)
            return self._take(place)

    def _take(self, place: _Place) -> Job | None:
        """Return the next job for `place`; None where its session is to end."""
        while not self._cut and place.phase is Phase.READY:
            due_at = self._jobs.next_due_at
            if due_at is not None:
                self._jobs.ripen(self._clock())
                due_at = self._jobs.next_due_at
            job = self._next_for(place)
            if job is not None:
                place.in_flight += 1
                place.taken += 1
                recycle_after = self._rules.recycle_after
                if recycle_after is not None and place.taken >= recycle_after:
                    self._check_wear(place, self._clock())
                if self._listens and len(self._jobs) < self._hungry_below:
                    self._news.notify()
                return job
            self._idle += 1
            self._work.wait(None if due_at is None else max(0.0, due_at - self._clock()))
            self._idle -= 1
        if not place.in_flight:
            self._control.notify_all()
        return None

    def _next_for(self, place: _Place) -> Job | None:
        jobs = self._jobs
        if jobs.alone or self._ward is not None:
            # Those that may have ended a container share none: one container is emptied for them.
            self._ward = self._ward or place
            if self._ward is place:
                if place.in_flight:
                    return None
                if jobs.alone:
                    return jobs.alone.popleft()
                self._ward = None
                self._work.notify_all()
        return jobs.new.popleft() if jobs.new else None

    def _again(self, job: Job, error: RunnerError) -> None:
        job.failures += 1
        match after_failure(failures=job.failures, deaths=job.deaths, retries=self._rules.retries):
            case Again.POISON:
                self.notes.append(f"{job.item.id} has ended two containers, and is left out")
                self._finish(job, self._failed_result(job.item, _poison(error)))
            case Again.FAILED:
                self._finish(job, self._failed_result(job.item, error))
            case again:
                if not self._goes_on:
                    self._drop()
                    return
                due_at = self._clock() + self._backoff(job.failures)
                self._jobs.postpone(job, due_at, alone=again is Again.ALONE)
                self._work.notify_all()

    def _finish(self, job: Job, result: ItemResult) -> None:
        self._done += 1
        self.finished.append((job.number, job.item, result))
        self.open_items -= 1  # afterwards, since the pool looks without the lock
        if result.status is Status.FAILED:
            self._failed += 1
            self._judge(at_end=False)
        if self._at_end and not self.open_items:
            self._judge(at_end=True)
        if self._listens:
            self._news.notify()

    def _judge(self, *, at_end: bool) -> None:
        why = stop_after(failed=self._failed, done=self._done, total=self._total, at_end=at_end, rules=self._rules)
        if why is not None:
            self.stop(why)

    def _drop(self) -> None:
        """Leave a job as if it never was begun."""
        self.open_items -= 1
        self._tell_pool()

    def _forget_jobs(self) -> None:
        self.open_items -= self._jobs.clear()
        self._tell_pool()

    def _fail(self, error: BaseException) -> None:
        self.error = self.error or error
        self._forget_jobs()

    def _has_news(self) -> bool:
        return bool(self.finished or self.notes or self.error) or (
            (self._at_end or self.stopped is not None) and not self.open_items
        )

    def _tell_pool(self) -> None:
        if self._listens:
            self._news.notify()

    # How many containers there are.

    def _staff(self, *, are_extra: bool = False) -> None:
        """Start containers until there are as many as wanted; those that leave still need their room."""
        has_work = (bool(self._jobs) or not self._at_end) and self._goes_on
        staying = sum(place.phase is not Phase.LEAVING for place in self._places)
        while has_work and staying < self._wanted and len(self._places) < self._rules.max_containers:
            place = _Place(
                worker=self._open_worker(),
                asked_at=self._clock(),
                wait_s=self._backoff(self._failed_starts) if self._failed_starts else 0.0,
                is_extra=are_extra,
            )
            self._places.append(place)
            staying += 1
            self._submit(self._keep, place)

    def _look(self, now: float) -> None:
        """See whether containers are to be added, or do not pay."""
        self._look_at = now + _LOOK_EVERY_S
        load = self._load(now)
        starting = [place for place in self._places if place.phase is Phase.STARTING]
        if starting:
            for place in starting:
                if load.ready and comes_too_late(load, starting_for_s=now - place.asked_at):
                    self._let_go(place)
                    self._meter.trial = None
        elif load.ready < len(self._places):
            return  # one is on its way out
        elif dropped := self._meter.drop(load, self._done):
            self.notes.append(f"{load.ready} containers are no faster than {load.ready - dropped}")
            for place in self._places[-dropped:]:
                self._let_go(place)
        elif self._goes_on and (added := self._meter.add(load, self._done)):
            self._wanted = load.ready + added
            self._staff(are_extra=True)

    def _load(self, now: float) -> Load:
        return Load(
            remaining=remaining_items(
                total=self._total,
                seen=self._seen,
                finished=self._done,
                open_items=self.open_items,
                at_end=self._at_end,
            ),
            waiting=len(self._jobs),
            ready=sum(place.phase is Phase.READY for place in self._places),
            sessions=self.sessions,
            calls=self._meter.calls,
            rate=self._meter.rate_at(now),
            steady_s=now - self._meter.steady_since,
            cold_start_s=self._meter.cold_start_s,
            max_containers=self._rules.max_containers,
        )

    def _count_sessions(self) -> None:
        self.sessions = sum(place.sessions for place in self._places if place.phase is Phase.READY)
        self._meter.begin_anew(self._clock(), self.sessions)

    def _let_go(self, place: _Place) -> None:
        """Do with one container less."""
        self._wanted = max(1, self._wanted - 1)
        self._retire(place)

    def _retire(self, place: _Place) -> None:
        """Give `place` no more jobs: it ends when it has none."""
        if place.phase is Phase.STARTING:
            self._submit(place.worker.abort)
        place.phase = Phase.LEAVING
        if self._ward is place:
            self._ward = None
        self._count_sessions()
        self._control.notify_all()
        self._work.notify_all()
        self._staff()

    def _check_wear(self, place: _Place, now: float) -> None:
        place.memory_seen_at = now
        if place.phase is Phase.READY and is_worn(
            taken=place.taken,
            recycle_after=self._rules.recycle_after,
            memory_share=place.worker.memory_share(),
            timeouts_in_a_row=place.timeouts,
            done=place.done,
        ):
            self._recycled += 1
            self._retire(place)

    def _lose(self, place: _Place, error: RunnerError, *, is_alive: bool) -> None:
        place.is_dead = place.is_dead or not is_alive
        if place.phase is not Phase.READY:
            self._control.notify_all()
            return
        self._deaths += 1
        self._barren = self._barren + 1 if place.done == 0 else 0
        self._meter.trial = None
        if is_hopeless(self._barren):
            self._fail(error)
        else:
            self.notes.append(f"a container is replaced: {error.message}")
        self._retire(place)

    def _start_failed(self, place: _Place, error: RunnerError) -> None:
        with self._lock:
            if self._cut or place.phase is Phase.LEAVING:
                return  # we ended it ourselves, or know already
            self._failed_starts += 1
            what = after_failed_start(
                in_a_row=self._failed_starts,
                ever_ready=self._ever_ready,
                is_extra=place.is_extra,
                is_final=fault_of(error, is_alive=False) is Fault.BATCH,
                others_ready=sum(other.phase is Phase.READY for other in self._places if other is not place),
            )
            match what:
                case Restart.END:
                    self._fail(error)
                case Restart.GIVE_UP:
                    self.notes.append(f"no other container starts: {error.message}")
                    self._wanted = max(1, self._wanted - 1)
                    self._failed_starts = 0
                    self._meter.put_off(self._done)
                case Restart.AGAIN:
                    self.notes.append(f"a container did not start, trying again: {error.message}")
            self._retire(place)

    def _line_failed(self, place: _Place, error: RunnerError) -> None:
        """Do without a session that could not be opened; without all of them the container has not started."""
        with self._lock:
            place.sessions -= 1
            self._count_sessions()
            if not place.sessions and not place.done:
                self._start_failed(place, error)
            elif place.phase is Phase.READY and not place.sessions:
                self._retire(place)


def _poison(error: RunnerError) -> CallError:
    return CallError(
        f"the container ended twice with this item: {error.message}",
        verdict="poison",
        hint=error.hint or "look at what is special about it; the other items were done",
        evidence=error.evidence,
    )
