import json
from pathlib import Path

import pytest

from hf_spaces_runner.domain.answer import Answer, AnswerFile, AnswerOutput, OutputKind
from hf_spaces_runner.domain.result import Attempt, CandidateKind, Output, OutputFile, RunResult, Score, Status
from hf_spaces_runner.errors import Evidence, UsageError
from hf_spaces_runner.results.process import process_result
from hf_spaces_runner.results.result_file import write_result

FAILED = Attempt(kind=CandidateKind.SPACE, name="a", status=Status.FAILED, error="no", evidence=Evidence(log="x\ny"))


def result(outputs: tuple[Output, ...] = (), files: tuple[OutputFile, ...] = ()) -> RunResult:
    return RunResult(
        run_id="r",
        status=Status.OK,
        space="b",
        tier="heavy",
        text="ä",
        outputs=outputs,
        files=files,
        attempts=(FAILED, Attempt(kind=CandidateKind.SPACE, name="b", status=Status.OK)),
        image_digest=None,
        total_s=1.23456,
    )


def test_the_result_stands_beside_its_files_with_absolute_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    image = OutputFile(path=Path("out/a.png"), media_type="image/png", size_bytes=3, width=2, height=1)
    sound = OutputFile(
        path=Path("out/a.wav"), media_type="audio/wav", size_bytes=3, duration_s=0.5, sample_rate_hz=8000
    )
    label = Output(label="L", kind=OutputKind.JSON, value={"x": 0.5}, scores=(Score(label="x", score=0.5),))
    outputs = (Output(label="I", kind=OutputKind.IMAGE, path=image.path), label)
    written = write_result(result(outputs, (image, sound)), Path("out"))
    shown = json.loads(written.read_text())
    assert written == Path("out/result.json")
    assert shown["files"] == [
        {"path": f"{tmp_path}/out/a.png", "media_type": "image/png", "bytes": 3, "width": 2, "height": 1},
        {
            "path": f"{tmp_path}/out/a.wav",
            "media_type": "audio/wav",
            "bytes": 3,
            "duration_s": 0.5,
            "sample_rate_hz": 8000,
        },
    ]
    assert shown["outputs"] == [
        {"label": "I", "kind": "image", "value": None, "path": f"{tmp_path}/out/a.png"},
        {"label": "L", "kind": "json", "value": {"x": 0.5}, "path": None, "scores": [{"label": "x", "score": 0.5}]},
    ]
    assert [one["evidence"] and one["evidence"]["log"] for one in shown["attempts"]] == [["x", "y"], None]
    assert (shown["text"], shown["total_s"]) == ("ä", 1.235)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text("mine")
    assert write_result(result(), tmp_path).name == "result-2.json"
    assert write_result(result(), tmp_path).name == "result-3.json"
    assert (tmp_path / "result.json").read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="cannot write"):
        write_result(result(), tmp_path / "file" / "out")


@pytest.mark.parametrize("name", ["result.json", "RESULT.JSON"])
def test_a_space_cannot_take_the_name_of_the_result(tmp_path: Path, name: str) -> None:
    made = tmp_path / "1"
    made.write_text("{}")
    output = AnswerOutput(label="It", component="File", files=(AnswerFile(path=made, original_name=name),))
    answer = Answer(endpoint="/do", outputs=(output,))
    folder = tmp_path / "out"
    process_result(answer, category="", output_type="", output_directory=folder, tables_as_files=True)
    assert write_result(result(), folder).name == "result.json"
    assert len(list(folder.iterdir())) == 2
