import json
import webbrowser

import pytest

from hf_spaces_runner.cli.dev_display import DevDisplay
from hf_spaces_runner.cli.presenter import Format, Presenter
from hf_spaces_runner.domain.development import DevEvent, DevEventKind
from hf_spaces_runner.domain.progress import Phase, Progress
from hf_spaces_runner.errors import BuildError, ContainerExitedError, Evidence

READY = DevEvent(kind=DevEventKind.READY, url="http://127.0.0.1:1", seconds=1.25)


def display(output_format: Format = Format.HUMAN, *, opens: bool = False, verbosity: int = 0) -> DevDisplay:
    return DevDisplay(Presenter(output_format, verbosity), opens=opens, timestamps=False)


@pytest.fixture
def colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.utils.should_strip_ansi", lambda *_args: False)


@pytest.mark.usefixtures("colours")
def test_what_the_app_prints_goes_to_stdout_and_a_traceback_is_red(capsys: pytest.CaptureFixture[str]) -> None:
    shown = display()
    for line in ("begins", "Traceback (most recent call last):", "ValueError: no", "goes on"):
        shown.show(DevEvent(kind=DevEventKind.LOG, message=line))
    red = [f"\x1b[31m{line}\x1b[0m" for line in ("Traceback (most recent call last):", "ValueError: no")]
    assert capsys.readouterr().out.splitlines() == ["begins", *red, "goes on"]


def test_phases_go_to_stderr_with_their_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    shown = display()
    shown.show(DevEvent(kind=DevEventKind.CHANGE, files=tuple(f"{n}.py" for n in range(7))))
    shown.show(DevEvent(kind=DevEventKind.BUILD, message="a:1"))
    steps = ("building a:1", "Step 1/3: FROM x", "Step 2/3: RUN pip", "Step 2/3: Collecting y", "Step 3/3: CMD z")
    for step in steps:
        shown.progress(Progress(phase=Phase.BUILD, message=step))
    shown.show(DevEvent(kind=DevEventKind.BUILT, seconds=2))
    shown.show(READY)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "change  0.py, 1.py, 2.py, 3.py, 4.py and 2 more",
        "build   a:1",
        "build   Step 2/3: RUN pip",
        "build   done in 2.0 s",
        "ready   at http://127.0.0.1:1 after 1.2 s",
    ]


def test_each_event_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    shown = display(Format.JSON)
    shown.show(DevEvent(kind=DevEventKind.LOG, message='two "words"'))
    shown.show(READY)
    shown.progress(Progress(phase=Phase.BUILD, message="Step 2/3: RUN pip"))
    shown.show(DevEvent(kind=DevEventKind.FAILED, error=BuildError("no", evidence=Evidence(log="last")), running=True))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["log", "ready", "failed"]
    assert lines[0]["message"] == 'two "words"'
    assert (lines[1]["url"], lines[1]["seconds"]) == ("http://127.0.0.1:1", 1.25)
    assert (lines[2]["verdict"], lines[2]["running"], lines[2]["evidence"]["log"]) == ("build_failed", True, ["last"])


def test_a_failure_names_its_verdict_and_shows_what_did_not_stand_above(capsys: pytest.CaptureFixture[str]) -> None:
    shown = display()
    evidence = Evidence(log="its last line")
    shown.show(DevEvent(kind=DevEventKind.FAILED, error=ContainerExitedError("it ended", evidence=evidence)))
    ended = capsys.readouterr().err
    assert "failed  exited_at_start: waiting for a change" in ended
    assert "its last line\n" not in ended
    shown.show(DevEvent(kind=DevEventKind.FAILED, error=BuildError("no", evidence=evidence), running=True))
    assert "its last line\n" in capsys.readouterr().err


def test_the_browser_is_opened_once(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def take(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr(webbrowser, "open", take)
    shown = display(opens=True)
    shown.show(READY)
    shown.show(READY)
    assert opened == ["http://127.0.0.1:1"]
