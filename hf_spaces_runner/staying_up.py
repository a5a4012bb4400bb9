"""Keeps Spaces up beyond the command that started them: brings them up, watches over them, finds and ends them."""

import difflib
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from hf_spaces_runner.domain.container import ListedContainer, MemoryUse
from hf_spaces_runner.domain.plan import Candidate
from hf_spaces_runner.domain.progress import ProgressCallback
from hf_spaces_runner.domain.running_space import RunningSpace, UpSpace
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import EngineUnavailableError, RunnerError, UsageError
from hf_spaces_runner.orchestrator.engine import Container, Engine
from hf_spaces_runner.orchestrator.scratch import scratch_directory
from hf_spaces_runner.planning.idleness import Idleness
from hf_spaces_runner.ready_space import Measured, Services, acquire_image, find_ready, launch_spec, ready_space

_TICK_S = 5.0
_ENGINE_GONE_S = 3600.0


def bring_up(
    services: Services,
    candidate: Candidate,
    run_id: str,
    on_progress: ProgressCallback,
    *,
    port: int | None,
    ttl_s: float | None,
    idle_stop_s: float | None,
    watch_over: Callable[[str], None],
    on_up: Callable[[], None],
) -> UpSpace:
    """Have the Space of `candidate` up, and return where.

    One that is up already is returned as it is, unless another `port` was asked for. `watch_over` is called with the
    name of a container that has to be ended by somebody, after `ttl_s` or `idle_stop_s` seconds without a visitor.
    `on_up` is called when all is done; an interrupt before that leaves nothing.

    Raises:
        RunnerError: it could not be started, or never answered; nothing is left of it then.
    """
    measured = Measured()
    image = acquire_image(services, candidate, measured, on_progress)
    found = find_ready(services, candidate, image, on_progress)
    if found is not None and port in {None, found.container.port}:
        return _up(candidate, found.container, services.engine, was_up=True)
    spec = launch_spec(services, candidate, image, lifetime_s=ttl_s, idle_stop_s=idle_stop_s)
    with (
        # It holds nothing; it tells the next command that there may be a container, should this process be killed.
        scratch_directory(services.scratch, run_id),
        ready_space(services, candidate, image, replace(spec, host_port=port), measured, on_progress) as ready,
    ):
        if ttl_s is not None or idle_stop_s is not None:
            watch_over(ready.container.id)
        ready.container.stay_up()
        up = _up(candidate, ready.container, services.engine, was_up=False)
        on_up()
        return up


def watch_over(engine: Engine, container_id: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Wait until the container is past its deadline or nobody has used it for long enough, and remove it then.

    Returns when it is gone, however that came, or when no engine answered for an hour.
    """
    idleness: Idleness | None = None
    answered_at = time.monotonic()
    while time.monotonic() - answered_at < _ENGINE_GONE_S:
        try:
            listed = next((item for item in engine.containers() if item.id == container_id), None)
            if listed is None or not (listed.running or listed.in_door):
                return
            answered_at = time.monotonic()
            deadline = listed.labels.deadline_at
            if idleness is None:
                idleness = Idleness.since(time.monotonic(), listed.labels.idle_stop_s)
            idleness = _looked(engine, listed, idleness)
            if (deadline is not None and time.time() >= deadline) or idleness.over:
                engine.remove(container_id)
                return
            left_s = min(deadline - time.time() if deadline is not None else _TICK_S, idleness.left_s, _TICK_S)
        except EngineUnavailableError:
            left_s = _TICK_S
        sleep(max(left_s, 0.1))


def running_spaces(engine: Engine) -> tuple[RunningSpace, ...]:
    """Return all containers of ours, the oldest first, and the memory that each takes.

    Raises:
        EngineUnavailableError: no engine answers.
    """
    listed = sorted(engine.containers(), key=lambda item: item.labels.created_at)
    with ThreadPoolExecutor(max_workers=8) as pool:  # the engine may take a second for each
        memory = list(pool.map(lambda item: _memory_of(engine, item), listed))
    return tuple(RunningSpace(container=item, memory=use) for item, use in zip(listed, memory, strict=True))


def find_up(
    listed: Iterable[ListedContainer], name: str, space_id: str | None = None, user: str | None = None
) -> tuple[ListedContainer, ...]:
    """Return the containers that are up under `name`: that of a Space, of a run, or their own.

    `space_id` is the Space that `name` stands for, where it is another word for one. Of a Space only those of `user`
    are meant, unless that is None; what others have up must be named itself.

    Raises:
        UsageError: none of them is up.
    """
    up = [item for item in listed if item.up]
    of_space = [item for item in up if item.labels.space_id in {name, space_id}]
    found = tuple(item for item in up if name in {item.name, item.labels.run_id}) or tuple(
        item for item in of_space if user in {None, item.labels.user}
    )
    if found:
        return found
    if of_space:
        theirs = ", ".join(one_line(f"{item.name} ({item.labels.user})") for item in of_space)
        raise UsageError(f"{name} is up for others only: {theirs}", hint="name the container to mean theirs")
    names = sorted({one_line(item.labels.space_id) for item in up})
    near = difflib.get_close_matches(name, names, n=1)  # a folder's Space has its name, and a hash behind it
    raise UsageError(
        f"{name} is not up; these are: {', '.join(names) or 'none'}",
        hint=f"did you mean {near[0]}? hfsr ps shows what runs" if near else "hfsr ps shows what runs",
    )


def _looked(engine: Engine, listed: ListedContainer, idleness: Idleness) -> Idleness:
    if idleness.limit_s is None:
        return idleness
    try:
        container = engine.attach(listed)
        return idleness.looked(container.network_tables(), container.container_port, time.monotonic())
    except EngineUnavailableError:
        raise
    except RunnerError:
        return idleness  # it is gone: the next look at the list says so


def _memory_of(engine: Engine, listed: ListedContainer) -> MemoryUse | None:
    if not listed.running:
        return None
    try:
        return engine.attach(listed).memory()
    except EngineUnavailableError:
        raise
    except RunnerError:
        return None


def _up(candidate: Candidate, container: Container, engine: Engine, *, was_up: bool) -> UpSpace:
    listed = next((item for item in engine.containers() if item.id == container.id), None)
    return UpSpace(
        space=candidate.space.id,
        url=f"http://127.0.0.1:{container.port}",
        port=container.port,
        container=container.name,
        was_up=was_up,
        stops_at=listed.labels.deadline_at if listed else None,
        idle_stop_s=listed.labels.idle_stop_s if listed else None,
    )
