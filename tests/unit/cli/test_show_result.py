import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from hf_spaces_runner.cli.presenter import Format, Presenter
from hf_spaces_runner.cli.show_result import result_as_json, show_result
from hf_spaces_runner.domain.answer import OutputKind
from hf_spaces_runner.domain.result import Attempt, CandidateKind, Output, OutputFile, RunResult, Score, Status, Timings


def result(**changes: Any) -> RunResult:
    values: dict[str, Any] = {
        "run_id": "20260101-120000-abcdef",
        "status": Status.OK,
        "space": "clip",
        "tier": "heavy",
        "text": "a cat",
        "outputs": (Output(label="Label", kind=OutputKind.TEXT, value="a cat"),),
        "files": (),
        "attempts": (
            Attempt(kind=CandidateKind.SPACE, name="clip", status=Status.OK, timings=Timings(pull_s=1.5, call_s=0.25)),
        ),
        "image_digest": "sha256:1",
        "total_s": 2.34567,
    }
    return RunResult(**{**values, **changes})


FILE = OutputFile(path=Path("out/a.png"), media_type="image/png", size_bytes=2048)


def test_the_json_form_is_the_one_of_the_design() -> None:
    files = (FILE,)
    outputs = (Output(label="Image", kind=OutputKind.IMAGE, path=FILE.path),)
    shown = json.loads(json.dumps(result_as_json(result(text=None, outputs=outputs, files=files))))
    attempt = shown["attempts"][0]
    assert shown["outputs"] == [{"label": "Image", "kind": "image", "value": None, "path": "out/a.png"}]
    assert shown["files"] == [{"path": "out/a.png", "media_type": "image/png", "bytes": 2048}]
    assert attempt["timings"] == {"pull_s": 1.5, "wait_s": 0.0, "start_s": 0.0, "ready_s": 0.0, "call_s": 0.25}
    names = {"kind", "name", "status", "error", "verdict", "hint", "evidence", "timings", "peak_memory_bytes", "cached"}
    assert set(attempt) == names
    assert set(shown) >= {
        "run_id",
        "status",
        "space",
        "tier",
        "text",
        "outputs",
        "files",
        "attempts",
        "image_digest",
        "total_s",
    }
    assert (shown["status"], shown["tier"], shown["text"], attempt["kind"]) == ("ok", "heavy", None, "space")


def test_a_pipe_gets_the_text_and_the_paths(capsys: pytest.CaptureFixture[str]) -> None:
    show_result(Presenter(Format.AUTO, 0), result(files=(FILE,)))
    assert capsys.readouterr().out == "a cat\nout/a.png\n"


def test_a_pipe_gets_the_values_where_nothing_reads_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    outputs = (
        Output(label="Boxes", kind=OutputKind.JSON, value=[1, 2]),
        Output(label="Image", kind=OutputKind.IMAGE, path=FILE.path),
    )
    show_result(Presenter(Format.QUIET, 0), result(text=None, outputs=outputs, files=(FILE,)))
    printed = capsys.readouterr().out
    assert printed.endswith("\nout/a.png\n")
    assert json.loads(printed.removesuffix("out/a.png\n")) == [1, 2]


def test_people_get_labels_files_and_times(capsys: pytest.CaptureFixture[str]) -> None:
    outputs = (
        Output(label="Label", kind=OutputKind.TEXT, value="a cat"),
        Output(label="Scores", kind=OutputKind.JSON, value={"cat": 0.9}),
    )
    show_result(Presenter(Format.HUMAN, 0), result(outputs=outputs, files=(FILE,)))
    captured = capsys.readouterr()
    assert "Label: a cat\n" in captured.out
    assert "Scores:\n{" in captured.out
    assert "out/a.png  (image/png, 2 KiB)" in captured.out
    assert "clip answered in 2.3 s (image 1.5 s" in captured.err


def test_people_see_scores_as_a_table_and_what_was_measured(capsys: pytest.CaptureFixture[str]) -> None:
    scores = (Score(label="cat", score=0.9), Score(label="a dog", score=0.05))
    outputs = (Output(label="L", kind=OutputKind.JSON, value={"label": "cat"}, scores=scores),)
    files = (
        dataclasses.replace(FILE, width=30, height=20),
        OutputFile(path=Path("a.wav"), media_type="audio/wav", size_bytes=9, duration_s=61.25, sample_rate_hz=8000),
    )
    show_result(Presenter(Format.HUMAN, 0), result(text="cat", outputs=outputs, files=files))
    assert capsys.readouterr().out.splitlines() == [
        "cat",
        "cat    0.9000",
        "a dog  0.0500",
        "out/a.png  (image/png, 2 KiB, 30x20)",
        "a.wav  (audio/wav, 9 B, 1m1s, 8000 Hz)",
    ]


def test_of_many_scores_the_highest_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    scores = tuple(Score(label=f"{number}", score=float(number)) for number in range(40, 0, -1))
    outputs = (Output(label="L", kind=OutputKind.JSON, value={}, scores=scores),)
    show_result(Presenter(Format.HUMAN, 0), result(text=None, outputs=outputs))
    lines = capsys.readouterr().out.splitlines()
    assert (lines[0], len(lines), lines[-1]) == ("40  40", 21, "... and 20 more")


def test_a_kept_container_is_told_with_what_removes_it(capsys: pytest.CaptureFixture[str]) -> None:
    show_result(Presenter(Format.AUTO, 0), result(container="hfsr-clip-1", url="http://127.0.0.1:5"))
    assert "hfsr-clip-1 listens on http://127.0.0.1:5; hfsr stop hfsr-clip-1" in capsys.readouterr().err
