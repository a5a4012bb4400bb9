import io
import json

import pytest

from hf_spaces_runner.cli.presenter import Format, Presenter, styled
from hf_spaces_runner.errors import BuildError, Evidence, RunnerError


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_results_go_to_stdout_and_all_else_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    presenter = Presenter(Format.AUTO, 0)
    presenter.result("result")
    presenter.note("note")
    presenter.detail("detail")
    presenter.warning("take care")
    captured = capsys.readouterr()
    assert captured.out == "result\n"
    assert captured.err == "note\nWarning: take care\n"


@pytest.mark.parametrize(
    ("chosen", "stream", "human"),
    [
        (Format.AUTO, io.StringIO(), False),
        (Format.AUTO, Terminal(), True),
        (Format.HUMAN, io.StringIO(), True),
        (Format.JSON, Terminal(), False),
        (Format.QUIET, Terminal(), False),
    ],
)
def test_auto_is_for_people_on_a_terminal(chosen: Format, stream: io.StringIO, human: bool) -> None:
    presenter = Presenter(chosen, 0, stdout=stream)
    assert presenter.human is human
    assert (presenter.json, presenter.quiet) == (chosen is Format.JSON, chosen is Format.QUIET)


def test_quiet_says_nothing_but_warnings_and_failures(capsys: pytest.CaptureFixture[str]) -> None:
    presenter = Presenter(Format.QUIET, 0)
    presenter.note("note")
    presenter.failure(RunnerError("it failed"))
    assert capsys.readouterr().err == "Error: it failed\n"


def test_an_object_is_one_line_of_plain_json(capsys: pytest.CaptureFixture[str]) -> None:
    Presenter(Format.JSON, 0).object({"text": "größer\n\x1b[31m\ud800"})
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert printed.isascii()
    assert json.loads(printed)["text"].startswith("größer\n\x1b")


def test_a_table_is_framed_for_people_and_a_row_a_line_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [("a", "one"), ("long name", "two\tthree\nfour")]
    Presenter(Format.AUTO, 0).table(("NAME", "VALUE"), rows)
    assert capsys.readouterr().out == "a\tone\nlong name\ttwo three four\n"
    Presenter(Format.HUMAN, 0).table(("NAME", "VALUE"), [("a", "one"), ("long name", "two")])
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split() == ["NAME", "VALUE"]
    assert first.index("one") == second.index("two")


@pytest.mark.parametrize(("verbosity", "shown"), [(0, 10), (1, 30)])
def test_a_failure_shows_the_last_lines_the_message_and_the_hint(
    capsys: pytest.CaptureFixture[str], verbosity: int, shown: int
) -> None:
    evidence = "\n".join(f"line {number}" for number in range(30))
    Presenter(Format.AUTO, verbosity).failure(BuildError("it failed", hint="do this", evidence=Evidence(log=evidence)))
    lines = capsys.readouterr().err.splitlines()
    assert lines[-2:] == ["Error: it failed", "Hint: do this"]
    assert [line for line in lines if line.startswith("  | ")] == [
        f"  | line {number}" for number in range(30 - shown, 30)
    ]


def test_colours_follow_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b" in styled("Error:", "red")
    monkeypatch.setenv("NO_COLOR", "1")
    assert styled("Error:", "red") == "Error:"
