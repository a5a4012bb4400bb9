import io
import json
import os
import pty
import re
import threading
from collections.abc import Iterator
from contextlib import redirect_stderr
from typing import Any

import pytest

from hf_spaces_runner.batch.pool_state import ContainerState, PoolState
from hf_spaces_runner.batch.pool_state import Phase as Where
from hf_spaces_runner.cli.batch_figures import (
    as_json,
    containers_in_words,
    eta_s,
    in_words,
    rate_in_words,
    step_in_words,
)
from hf_spaces_runner.cli.batch_progress import batch_display
from hf_spaces_runner.cli.presenter import Format, Presenter
from hf_spaces_runner.domain.batch_summary import TallySnapshot
from hf_spaces_runner.domain.progress import Phase, Progress
from hf_spaces_runner.planning.pool_policy import Stop

READY = ContainerState(name="hfsr-1", phase=Where.READY, in_flight=4, done=7)
STARTING = ContainerState(name="hfsr-2", phase=Where.STARTING, in_flight=0, done=0)
PULL = Progress(phase=Phase.PULL, message="pulling an image", completed=1024, total=4096, unit="bytes")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def snapshot(**changes: Any) -> TallySnapshot:
    values: dict[str, Any] = {"total": 300, "done": 120, "ok": 117, "failed": 3, "known": 20, "rate": 5.0}
    return TallySnapshot(**{**values, "elapsed_s": 20.0, **changes})


def state(*containers: ContainerState, **changes: Any) -> PoolState:
    values: dict[str, Any] = {
        "waiting": 0,
        "again": 0,
        "done": 100,
        "failed": 3,
        "rate": None,
        "starts": 1,
        "deaths": 0,
        "recycled": 0,
        "cold_starts_s": 1.0,
        "stopped": None,
    }
    return PoolState(containers=containers, **{**values, **changes})


class Terminal:
    """A terminal; what is written to it is kept."""

    def __init__(self) -> None:
        outer, inner = pty.openpty()
        self.stream = os.fdopen(inner, "w", encoding="utf-8")
        self._read: list[bytes] = []
        self._thread = threading.Thread(target=self._keep_reading, args=(outer,))
        self._thread.start()

    def _keep_reading(self, outer: int) -> None:
        while True:
            try:
                piece = os.read(outer, 65536)
            except OSError:  # the other side is closed
                break
            self._read.append(piece)
        os.close(outer)

    def close(self) -> str:
        """Return all that was written."""
        self.stream.close()
        self._thread.join()
        return b"".join(self._read).decode()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    made = Terminal()
    yield made
    made.close()


def plain(written: str) -> list[str]:
    """Return the lines without what moves the terminal."""
    return [line.rstrip() for line in re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written))]


@pytest.mark.parametrize(
    ("total", "of_pool", "of_tally", "expected"),
    [(300, 10.0, 5.0, 18.0), (300, None, 5.0, 36.0), (300, None, None, None), (None, 10.0, 5.0, None), (50, 1.0, 1, 0)],
)
def test_when_it_is_done(
    total: int | None, of_pool: float | None, of_tally: float | None, expected: float | None
) -> None:
    assert eta_s(snapshot(total=total, rate=of_tally), state(rate=of_pool)) == expected


@pytest.mark.parametrize(
    ("rate", "words"),
    [(1234.5, "1234/s"), (99.94, "99.9/s"), (1.0, "1.0/s"), (0.5, "30.0/min"), (1 / 60, "1.0/min"), (0.001, "3.6/h")],
)
def test_rates_are_spoken_in_numbers_above_one(rate: float, words: str) -> None:
    assert rate_in_words(rate) == words


def test_how_far_it_is_in_words() -> None:
    assert in_words(snapshot(), state(READY, rate=10.0)) == "120/300, 3 failed, 10.0/s, ETA 18 s"
    assert in_words(snapshot(total=None, failed=0), state(READY)) == "120 items, 5.0/s, 20 s"
    assert in_words(snapshot(done=0, failed=0, rate=None), state()) == "0/300"
    assert in_words(snapshot(done=300), state()) == "300/300, 3 failed, 5.0/s"


def test_what_the_containers_do_in_words() -> None:
    assert (
        containers_in_words(state(READY, STARTING), 3) == "containers: 1 starting, 1 ready (2 of 3 slots), 4 in flight"
    )
    assert containers_in_words(state()) == "containers: none, 0 in flight"
    told = containers_in_words(state(READY, again=2, deaths=1, stopped=Stop.DEADLINE))
    assert told == "containers: 1 ready, 4 in flight, ending: the deadline passed, 2 again, 1 died"


def test_a_step_in_words() -> None:
    assert step_in_words(PULL) == "Pulling an image 1 KiB/4 KiB"
    assert step_in_words(Progress(phase=Phase.BUILD, message="a\x1b[31m", completed=1, total=2)) == "A 1/2"
    assert step_in_words(Progress(phase=Phase.START, message="starting")) == "Starting"


def test_the_object_for_machines() -> None:
    assert json.loads(json.dumps(as_json(snapshot(), state(READY, STARTING, rate=7.0)))) == {
        "done": 120,
        "total": 300,
        "failed": 3,
        "known": 20,
        "rate": 7.0,
        "eta_s": 25.7,
        "in_flight": 4,
        "containers": [
            {"name": "hfsr-1", "phase": "ready", "in_flight": 4, "done": 7},
            {"name": "hfsr-2", "phase": "starting", "in_flight": 0, "done": 0},
        ],
        "elapsed_s": 20.0,
    }


def test_json_lines_come_once_a_second_and_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with batch_display(Presenter(Format.QUIET, 0), "json", 300, 3, clock=clock) as display:
        for number in range(20):
            display.update(snapshot(done=number), state(READY))
            display.progress(PULL)
            clock.now += 0.125
        display.note("a note")
        display.warn("take\x1b[31m care")
        display.progress(Progress(phase=Phase.PULL, message="of a pull", warning=True))
    display.warn("too late to be lost")
    shown = capsys.readouterr()
    said = [json.loads(line) for line in shown.err.splitlines()]
    assert [one["done"] for one in said if "done" in one] == [0, 8, 16, 19]
    assert [one["completed"] for one in said if "phase" in one] == [1024] * 3
    assert [one["warning"] for one in said if "warning" in one] == ["take care", "of a pull", "too late to be lost"]
    assert [one["note"] for one in said if "note" in one] == ["a note"]
    assert shown.out == ""


def test_the_end_is_told_as_well_where_the_batch_failed(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        with batch_display(Presenter(Format.AUTO, 0), "json", 300, 3, clock=Clock()) as display:
            display.update(snapshot(done=1), state())
            display.update(snapshot(done=2), state())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert [json.loads(line)["done"] for line in capsys.readouterr().err.splitlines()] == [1, 2]


def test_elsewhere_a_line_comes_now_and_then_and_ever_more_seldom(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    told_at: list[float] = []
    with batch_display(Presenter(Format.AUTO, 0), "auto", 300, 3, clock=clock) as display:
        while clock.now < 300:
            display.update(snapshot(), state(READY))
            if capsys.readouterr().err:
                told_at.append(clock.now)
            clock.now += 1.0
        display.progress(PULL)
        display.progress(PULL)
        display.note("a note")
    assert told_at == [10.0, 30.0, 70.0, 130.0, 190.0, 250.0]
    assert capsys.readouterr().err == "Pulling an image ...\na note\n"


@pytest.mark.parametrize(("kind", "form"), [("none", Format.AUTO), ("auto", Format.QUIET)])
def test_where_nothing_is_to_be_shown_warnings_stay(
    terminal: Terminal, kind: Any, form: Format, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = Clock()
    with redirect_stderr(terminal.stream), batch_display(Presenter(form, 0), kind, 300, 3, clock=clock) as display:
        for _ in range(100):
            display.update(snapshot(), state(READY))
            display.progress(PULL)
            clock.now += 10.0
        display.warn("take care")
    assert plain(terminal.close()) == ["Warning: take care", ""]
    assert capsys.readouterr().out == ""


def test_a_terminal_gets_a_bar_with_notes_above_it(terminal: Terminal, capsys: pytest.CaptureFixture[str]) -> None:
    with redirect_stderr(terminal.stream), batch_display(Presenter(Format.AUTO, 0), "auto", 300, 3) as display:
        display.progress(PULL)
        display.update(snapshot(done=0, failed=0, rate=None), state(STARTING))
        display.note("a note [red]as it is[/red]\x1b[31m")
        display.update(snapshot(), state(READY, STARTING, rate=10.0))
        display.end()
        display.warn("take care")
        print("a result")  # noqa: T201
    written = terminal.close()
    lines = plain(written)
    assert any(line.endswith(" 0/300") for line in lines)
    assert "Pulling an image 1 KiB/4 KiB" in written
    assert lines.index("a note [red]as it is[/red]") < lines.index("Warning: take care")
    after = lines[lines.index("Warning: take care") + 1 :]
    assert after[0].endswith("120/300, 3 failed, 10.0/s, ETA 18 s")
    assert after[1] == "  containers: 1 starting, 1 ready (2 of 3 slots), 4 in flight"
    assert not any("Pulling" in line for line in after), "the pull is over"
    assert max(map(len, lines)) <= 80
    assert written.endswith("\x1b[2K"), "nothing of the bar stays"
    assert capsys.readouterr().out == "a result\n"


def test_a_bar_without_colours_and_without_a_total(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    with redirect_stderr(terminal.stream), batch_display(Presenter(Format.AUTO, 0), "auto", None, 3) as display:
        display.update(snapshot(total=None), state(READY))
        display.warn("take care")
        display.end()
    written = terminal.close()
    assert re.findall(r"\x1b\[[0-9;]*(?:3|4|9|10)[0-7](?:;[0-9;]*)?m", written) == [], "no colour, dim or bold at most"
    assert any(line.endswith("120 items, 3 failed, 5.0/s, 20 s") for line in plain(written))


@pytest.mark.parametrize("words", ["done " * 40, "\u202e日本\n\n"])
def test_nothing_breaks_the_bar(terminal: Terminal, words: str) -> None:
    with redirect_stderr(terminal.stream), batch_display(Presenter(Format.AUTO, 0), "auto", 1, 3) as display:
        display.update(snapshot(total=1, done=500), state(*[STARTING] * 30, again=1234567, deaths=1234567))
        display.progress(Progress(phase=Phase.BUILD, message=words))
        display.note("end")
    lines = plain(terminal.close())
    assert max(len(line) for line in lines) <= 80
    assert any(line.startswith("  containers: 30 starting") and line.endswith("…") for line in lines), (
        "cut, not wrapped"
    )


def test_a_dumb_terminal_gets_lines(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    clock = Clock()
    with (
        redirect_stderr(terminal.stream),
        batch_display(Presenter(Format.AUTO, 0), "auto", 300, 3, clock=clock) as display,
    ):
        for _ in range(12):
            display.update(snapshot(), state(READY))
            display.progress(PULL)
            clock.now += 1.0
    written = terminal.close()
    assert "\x1b" not in written
    assert plain(written) == ["120/300, 3 failed, 5.0/s, ETA 36 s; containers: 1 ready, 4 in flight", ""]


def test_who_watches_sees_the_last_state_and_leaves_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    looked = threading.Semaphore(0)
    done = 1

    def look() -> tuple[TallySnapshot, PoolState]:
        looked.release()
        return snapshot(done=done), state()

    with batch_display(Presenter(Format.AUTO, 0), "json", 300, 3) as display, display.watch(look):
        for _ in range(3):
            looked.acquire()
        done = 300
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("hfsr-batch")] == []
    assert json.loads(stream.getvalue().splitlines()[-1])["done"] == 300
