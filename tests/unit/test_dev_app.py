"""An app takes the slot of the one before it, on an engine in memory."""

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import pytest

from hf_spaces_runner.dev_app import App, launched_app, reason_of_end
from hf_spaces_runner.domain.container import ContainerState, ContainerStatus
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.labels import RunLabels
from hf_spaces_runner.domain.launch import LaunchSpec
from hf_spaces_runner.domain.progress import ignore_progress
from hf_spaces_runner.errors import SlotTimeoutError
from hf_spaces_runner.orchestrator.ownership import own_name
from hf_spaces_runner.orchestrator.slots import Slots
from tests.fakes.engine import FakeContainer, FakeEngine, Program

if TYPE_CHECKING:
    from hf_spaces_runner.domain.plan import Candidate
    from hf_spaces_runner.ready_space import Services


class _Waits:
    """What an app needs of a candidate: for how long it waits for a slot."""

    slot_timeout_s = 0.0

    def deadline(self, limit_s: float, clock: Callable[[], float]) -> Deadline:
        return Deadline.after(limit_s, clock)


class _Parts:
    """What an app needs of the services."""

    disk_reserve_bytes = 0

    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine
        self.slots = Slots(engine, max_running=1, memory_budget_bytes=None)


def spec(name: str) -> LaunchSpec:
    labels = RunLabels(run_id=name, space_id="a", owner=own_name()).as_labels()
    return LaunchSpec(image="image", name=f"hfsr-{name}", labels=labels)


def launch(parts: _Parts, name: str, old: App | None, lines: list[str] | None = None) -> App:
    return launched_app(
        cast("Services", parts),
        spec(name),
        cast("Candidate", _Waits()),
        old,
        on_line=(lines if lines is not None else []).append,
        on_end=lambda _: None,
        on_progress=ignore_progress,
    )


def names(engine: FakeEngine) -> list[str]:
    return sorted(item.name for item in engine.containers())


def test_the_next_app_has_the_slot_of_the_one_before_though_others_wait() -> None:
    parts = _Parts(FakeEngine())
    first = launch(parts, "1", None)
    waits = parts.engine.make(spec("other"))
    second = launch(parts, "2", first)
    assert names(parts.engine) == ["hfsr-2", "hfsr-other"]
    assert not waits.started
    second.end()
    assert names(parts.engine) == ["hfsr-other"]


def test_one_that_has_ended_has_no_slot_to_give() -> None:
    parts = _Parts(FakeEngine())
    first = launch(parts, "1", None)
    first.container.kill()
    other = parts.engine.make(spec("other"))
    other.start()
    with pytest.raises(SlotTimeoutError):
        launch(parts, "2", first)
    assert names(parts.engine) == ["hfsr-other"]


@pytest.mark.parametrize(
    ("program", "verdict", "said"),
    [
        (Program(log="ValueError: 7\n", state=ContainerState(status=ContainerStatus.EXITED, exit_code=1)), None, "7"),
        (
            Program(state=ContainerState(status=ContainerStatus.EXITED, exit_code=137, oom_killed=True)),
            "out_of_memory",
            "more memory than its cap",
        ),
    ],
)
def test_why_an_app_ended(program: Program, verdict: str | None, said: str) -> None:
    parts = _Parts(FakeEngine())
    app = launch(parts, "1", None)
    cast("FakeContainer", app.container).program = program
    error = reason_of_end(app)
    assert (error.verdict if verdict else None) == verdict
    assert said in error.message
    app.end()


def test_lines_are_safe_and_whole() -> None:
    lines: list[str] = []
    parts = _Parts(FakeEngine({"image": {None: Program(log="one\x1b[31m red\r\n\ntwo\x07\nno end")}}))
    launch(parts, "1", None, lines).end()
    assert lines == ["one red", "", "two", "no end"]


def test_a_line_without_an_end_is_told_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    monkeypatch.setattr(FakeContainer, "follow_logs", lambda *_: iter(["x" * 20_000] * 10))
    launch(_Parts(FakeEngine()), "1", None, lines).end()
    assert "".join(lines) == "x" * 200_000
    assert max(map(len, lines)) < 100_000
