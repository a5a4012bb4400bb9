import time

import pytest

from hf_spaces_runner.domain.container import ContainerState, ContainerStatus
from hf_spaces_runner.domain.labels import RunLabels
from hf_spaces_runner.domain.launch import LaunchSpec
from hf_spaces_runner.errors import EngineUnavailableError, UsageError
from hf_spaces_runner.staying_up import find_up, running_spaces, watch_over
from tests.fakes.engine import FakeContainer, FakeEngine, Program


def up(engine: FakeEngine, name: str, *, deadline: float | None = None) -> FakeContainer:
    labels = RunLabels(run_id=name, space_id=f"user-{name}", deadline_at=deadline)
    container = engine.make(LaunchSpec(image="image", name=f"hfsr-{name}", labels=labels.as_labels()))
    container.start()
    container.stay_up()
    return container


def test_one_is_found_by_its_space_its_run_or_its_own_name() -> None:
    engine = FakeEngine()
    up(engine, "a")
    up(engine, "b")
    for name in ("user-a", "a", "hfsr-a-up"):
        assert [item.name for item in find_up(engine.containers(), name)] == ["hfsr-a-up"]
    assert [item.name for item in find_up(engine.containers(), "User/A", "user-a")] == ["hfsr-a-up"]
    with pytest.raises(UsageError, match="c is not up; these are: user-a, user-b"):
        find_up(engine.containers(), "c")
    with pytest.raises(UsageError) as caught:
        find_up(engine.containers(), "usera")
    assert caught.value.hint == "did you mean user-a? hfsr ps shows what runs"


def test_runs_that_go_on_are_not_up() -> None:
    engine = FakeEngine()
    labels = RunLabels(run_id="a", space_id="a").as_labels()
    engine.make(LaunchSpec(image="image", name="hfsr-a", labels=labels)).start()
    with pytest.raises(UsageError, match="these are: none"):
        find_up(engine.containers(), "a")


def test_what_runs_is_shown_with_its_memory_and_where_it_answers() -> None:
    engine = FakeEngine()
    container = up(engine, "a")
    ended = up(engine, "b")
    ended.program = Program(state=ContainerState(status=ContainerStatus.EXITED, exit_code=1))
    first, second = sorted(running_spaces(engine), key=lambda space: space.container.name)
    assert first.memory is not None
    assert first.url == f"http://127.0.0.1:{container.port}"
    assert (second.memory, second.url) == (None, None)


def test_one_past_its_deadline_is_ended() -> None:
    engine = FakeEngine()
    container = up(engine, "a", deadline=time.time() - 1)
    watch_over(engine, container.id, sleep=lambda _: pytest.fail("it was waited for"))
    assert engine.containers() == ()


def test_one_that_is_gone_or_ended_needs_nobody() -> None:
    engine = FakeEngine()
    container = up(engine, "a")
    container.kill()
    watch_over(engine, container.id, sleep=lambda _: pytest.fail("it was waited for"))
    assert len(engine.containers()) == 1
    watch_over(engine, "never-was", sleep=lambda _: pytest.fail("it was waited for"))


def test_an_engine_that_is_away_for_a_while_is_waited_for() -> None:
    engine = FakeEngine()
    container = up(engine, "a", deadline=time.time() + 0.01)
    containers, slept = engine.containers, list[float]()

    def away() -> tuple[()]:
        raise EngineUnavailableError("it restarts")

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        time.sleep(0.01)
        engine.containers = containers  # type: ignore[method-assign]

    engine.containers = away  # type: ignore[method-assign]
    watch_over(engine, container.id, sleep=sleep)
    assert slept[0] == 5.0
    assert engine.containers() == ()
