import json
from pathlib import Path
from typing import Any

import pytest

from hf_spaces_runner.domain.answer import Answer, AnswerOutput
from hf_spaces_runner.results.by_category.segments import segments_of
from hf_spaces_runner.results.process import ProcessedAnswer, process_result

ROWS = [{"start": 0.0, "end": 1.5, "text": " Good morning."}, {"start": 1.5, "end": 3, "text": " How are you?"}]
TABLE = {
    "headers": ["Start (s)", "End (s)", "Text"],
    "data": [["0:00", "0:01.5", "Good morning."], ["1.5", 3, "How are you?"]],
}
CHUNKS = {
    "text": " Hello.",
    "chunks": [{"timestamp": [0.0, 1.5], "text": " Good morning."}, {"timestamp": [1.5, 3], "text": "How are you?"}],
}
SRT = "1\n00:00:00,000 --> 00:00:01,500\nGood morning.\n\n2\n00:00:01,500 --> 00:00:03,000\nHow are you?\n"


def process(tmp_path: Path, value: object, *, component: str = "Json", category: str = "audio_processing", **more: Any) -> ProcessedAnswer:  # fmt: skip # noqa: E501
    answer = Answer(endpoint="/do", outputs=(AnswerOutput(label="Transcript", component=component, value=value),))
    settings = {"output_type": "", "tables_as_files": True, **more}
    return process_result(answer, category=category, output_directory=tmp_path / "out", **settings)


@pytest.mark.parametrize(
    ("component", "value", "text"),
    [
        ("Json", ROWS, "Good morning. How are you?"),
        ("Json", {"segments": ROWS, "language": "en"}, "Good morning. How are you?"),
        ("Json", CHUNKS, "Hello."),
        ("Dataframe", TABLE, "Good morning. How are you?"),
    ],
)
def test_segments_are_text_subtitles_and_json(tmp_path: Path, component: str, value: object, text: str) -> None:
    processed = process(tmp_path, value, component=component)
    written = {file.path.name: file for file in processed.files}
    assert processed.text == text
    assert processed.outputs[0].value == value
    assert written["Transcript.srt"].path.read_text() == SRT
    assert written["Transcript.srt"].media_type == "application/x-subrip"
    assert json.loads(written["Transcript.json"].path.read_text()) == {
        "text": text,
        "segments": [
            {"start": 0.0, "end": 1.5, "text": "Good morning."},
            {"start": 1.5, "end": 3.0, "text": "How are you?"},
        ],
    }


def test_without_a_folder_nothing_is_written(tmp_path: Path) -> None:
    processed = process(tmp_path, ROWS, tables_as_files=False)
    assert (processed.text, processed.files) == ("Good morning. How are you?", ())
    assert not (tmp_path / "out").exists()


def test_who_wants_json_gets_it_as_the_text(tmp_path: Path) -> None:
    assert json.loads(process(tmp_path, ROWS, output_type="json").text or "") == ROWS


@pytest.mark.parametrize("category", ["text_processing", "specialized", ""])
def test_names_found_in_a_text_are_no_subtitles(tmp_path: Path, category: str) -> None:
    processed = process(tmp_path, [{"start": 0, "end": 5, "text": "Paris"}], category=category)
    assert processed.files == ()
    assert processed.text == '[{"start":0,"end":5,"text":"Paris"}]'


def test_an_end_that_is_not_known_is_found() -> None:
    rows = [{"timestamp": [0.0, None], "text": "a"}, {"timestamp": [2, None], "text": "b"}]
    assert [(one.start_s, one.end_s) for one in segments_of(rows)] == [(0.0, 2.0), (2.0, 7.0)]


def test_a_text_cannot_break_out_of_its_subtitle(tmp_path: Path) -> None:
    row = {"start": 0, "end": 1, "text": "a\n\n2\n00:00:00,000 --> 99:00:00,000\nb"}
    (subtitles, _) = process(tmp_path, [row, {"start": 1, "end": 2, "text": " "}]).files
    assert subtitles.path.read_text() == (
        "1\n00:00:00,000 --> 00:00:01,000\na 2 00:00:00,000 -> 99:00:00,000 b\n"
    )  # fmt: skip


@pytest.mark.parametrize(
    "row",
    [
        {"start": 2, "end": 1, "text": "a"},
        {"start": -1, "end": 1, "text": "a"},
        {"start": None, "end": 1, "text": "a"},
        {"start": True, "end": True, "text": "a"},
        {"start": 0, "end": 10**400, "text": "a"},
        {"start": 0, "end": 1e300, "text": "a"},
        {"start": 0, "end": "soon", "text": "a"},
        {"start": "\u0661", "end": 2, "text": "a"},
        {"start": 0, "end": 1, "text": 5},
        {"start": 0, "end": 1},
        {"timestamp": [1], "text": "a"},
        {"timestamp": "0-1", "text": "a"},
        "a",
        None,
    ],
)
def test_one_row_that_is_no_segment_makes_it_plain_json(row: object) -> None:
    assert segments_of(ROWS)
    assert segments_of([*ROWS, row]) == ()


@pytest.mark.parametrize(
    "table",
    [
        {"headers": ["start", "end"], "data": [[0, 1]]},
        {"headers": ["start", "text"], "data": [[0, "a"]]},
        {"headers": ["start", "end", "text"], "data": [[0, 1]]},
        {"headers": ["start", "end", "text"], "data": ["a"]},
        {"headers": None, "data": None},
    ],
)
def test_a_table_of_something_else_is_no_transcript(table: object) -> None:
    assert segments_of(table) == ()
