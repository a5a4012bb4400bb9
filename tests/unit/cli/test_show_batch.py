import json
from pathlib import Path
from typing import Any

import pytest

from hf_spaces_runner.batch.folder import BatchFolder
from hf_spaces_runner.cli.presenter import Format, Presenter
from hf_spaces_runner.cli.show_batch import figures_in_words, headline, rerun_command, show_batch
from hf_spaces_runner.domain.batch_summary import BatchSummary, FailureGroup

FAILURES = (
    FailureGroup(verdict="space_error", count=12, example_id="a.jpg", example_error="no face", hint="crop it"),
    FailureGroup(verdict="call_timeout", count=1, example_id="b.jpg", example_error="no answer within 60 s"),
)
FOLDER = BatchFolder(Path("out"))
COMMAND = ["hfsr", "batch", "is it {x}?", "--hf-space", "moods", "rows.csv"]


def summary(**changes: Any) -> BatchSummary:
    values: dict[str, Any] = {
        "items": 300,
        "ok": 287,
        "failed": 13,
        "known": 100,
        "is_complete": True,
        "stopped": None,
        "failures": FAILURES,
        "answered_by": {"moods": 280, "backup": 7},
        "elapsed_s": 100.0,
        "rate": 2.0,
        "p50_s": 0.0035,
        "p95_s": 1.25,
        "containers_started": 3,
        "containers_died": 1,
        "containers_recycled": 0,
        "cold_starts_s": 6.3,
        "cold_start_share": 0.0315,
        "peak_memory_bytes": 512 * 1024**2,
    }
    return BatchSummary(**{**values, **changes})


GOOD = summary(ok=300, failed=0, failures=())


def test_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    show_batch(Presenter(Format.HUMAN, 0), summary(), FOLDER, arguments=COMMAND, report=Path("page.html"))
    shown = capsys.readouterr()
    assert shown.out == (
        "300 items: 287 answered, 13 failed; 100 of them before\n"
        "  space_error   12  a.jpg: no face\n"
        "                    crop it\n"
        "  call_timeout   1  b.jpg: no answer within 60 s\n"
        "Time        1m40s\n"
        "Rate        2.0/s\n"
        "Call        median 3.5 ms, 95 of 100 within 1.2 s\n"
        "Containers  3 started, 1 died\n"
        "Cold starts 6.3 s, 3% of their time\n"
        "Peak memory 512 MiB\n"
        "Answered by moods (280), backup (7)\n"
        "Results     out/results.jsonl\n"
        "Failed      out/failed.jsonl\n"
        "Report      page.html\n"
    )
    assert shown.err == (
        "To run those again that failed: hfsr batch 'is it {x}?' --hf-space moods rows.csv --rerun-failed\n"
    )


def test_where_all_went_well_nothing_is_said_of_failures(capsys: pytest.CaptureFixture[str]) -> None:
    show_batch(Presenter(Format.HUMAN, 0), GOOD, FOLDER, arguments=COMMAND)
    shown = capsys.readouterr()
    assert "failed.jsonl" not in shown.out
    assert shown.err == ""


def test_for_pipes_it_is_one_line_a_figure(capsys: pytest.CaptureFixture[str]) -> None:
    show_batch(Presenter(Format.AUTO, 0), summary(), FOLDER)
    shown = capsys.readouterr()
    rows = [line.split("\t") for line in shown.out.splitlines()]
    assert rows[:7] == [
        ["items", "300"],
        ["ok", "287"],
        ["failed", "13"],
        ["known", "100"],
        ["complete", "true"],
        ["stopped", ""],
        ["failures", "space_error", "12"],
    ]
    assert ["containers", "died", "1"] in rows
    assert rows[-2:] == [["results_file", "out/results.jsonl"], ["failed_file", "out/failed.jsonl"]]
    assert shown.err == "The same command with --rerun-failed runs those again that failed.\n"


def test_run_has_no_such_option_and_names_the_command_that_has(capsys: pytest.CaptureFixture[str]) -> None:
    show_batch(Presenter(Format.AUTO, 0), summary(), FOLDER, arguments=["hfsr", "run", "--inputs", "rows.csv"])
    shown = capsys.readouterr()
    assert shown.err == "hfsr batch with the same inputs and --rerun-failed runs those again that failed.\n"


@pytest.mark.parametrize(("given", "failed_file"), [(summary(), "out/failed.jsonl"), (GOOD, None)])
def test_as_json(capsys: pytest.CaptureFixture[str], given: BatchSummary, failed_file: str | None) -> None:
    show_batch(Presenter(Format.JSON, 0), given, FOLDER, arguments=COMMAND)
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    assert (found["items"], found["folder"], found["results_file"]) == (300, "out", "out/results.jsonl")
    assert (found["failed_file"], found["report"]) == (failed_file, None)
    assert shown.err == ""


def test_quiet_is_where_the_results_are(capsys: pytest.CaptureFixture[str]) -> None:
    show_batch(Presenter(Format.QUIET, 0), summary(is_complete=False), FOLDER, arguments=COMMAND)
    assert capsys.readouterr() == ("out/results.jsonl\n", "")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "300 items: 287 answered, 13 failed; 100 of them before"),
        ({"items": 1, "ok": 1, "failed": 0, "known": 0}, "1 item: 1 answered, 0 failed"),
        ({"known": 0, "is_complete": False}, "300 items: 287 answered, 13 failed; not all of the input"),
        (
            {"known": 0, "is_complete": False, "stopped": "the deadline passed"},
            "300 items: 287 answered, 13 failed; stopped: the deadline passed",
        ),
    ],
)
def test_the_headline(changes: dict[str, Any], said: str) -> None:
    assert headline(summary(**changes)) == said


def test_a_batch_that_ended_early_says_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    show_batch(Presenter(Format.HUMAN, 0), summary(is_complete=False, failed=0, failures=()), FOLDER)
    assert capsys.readouterr().err == "The same command goes on where it was.\n"


def test_figures_that_nobody_knows_are_left_out() -> None:
    nothing = summary(rate=None, p50_s=None, p95_s=None, containers_started=0, peak_memory_bytes=None, answered_by={})
    assert figures_in_words(nothing) == [("Time", "1m40s")]


def test_many_causes_and_many_who_answered_are_cut() -> None:
    answered = dict(figures_in_words(summary(answered_by={f"m{number}": 1 for number in range(9)})))["Answered by"]
    assert answered == "m0 (1), m1 (1), m2 (1), m3 (1), m4 (1) and 4 more"


@pytest.mark.parametrize("form", [Format.HUMAN, Format.AUTO])
def test_what_a_space_said_moves_no_terminal_and_no_column(form: Format, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "\x1b[2J\n\tx\u202e" * 50
    groups = [
        FailureGroup(verdict=f"v{number}", count=1, example_id=hostile, example_error=hostile, hint=hostile)
        for number in range(12)
    ]
    show_batch(
        Presenter(form, 0),
        summary(failures=tuple(groups), answered_by={hostile: 1}, stopped=hostile),
        FOLDER,
        arguments=["hfsr", "batch", hostile],
    )
    shown = capsys.readouterr()
    assert not set("\x1b\u202e\r") & set(shown.out + shown.err)
    assert len(shown.err.splitlines()) == 1
    if form is Format.HUMAN:
        assert "  ... and 2 other causes" in shown.out
        assert len(shown.out.splitlines()) == 1 + 2 * 10 + 1 + 7 + 2
    else:
        assert {line.count("\t") for line in shown.out.splitlines()} == {1, 2}


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ([], None),
        (["hfsr", "batch", "-", "--hf-space", "x"], None),
        (["hfsr", "run", "--inputs", "a", "--hf-space", "x"], None),
        (["hfsr", "batch", "a b", "--no-resume"], "hfsr batch 'a b' --rerun-failed"),
        (["hfsr", "batch", "--rerun-failed", "a"], "hfsr batch a --rerun-failed"),
        (["hfsr", "batch", "--", "-a", "b"], "hfsr batch --rerun-failed -- -a b"),
    ],
)
def test_the_command_that_runs_the_failed_ones_again(typed: list[str], shown: str | None) -> None:
    assert rerun_command(typed) == shown
