import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.domain.answer import Answer, AnswerOutput
from hf_spaces_runner.results.process import ProcessedAnswer, process_result
from hf_spaces_runner.results.table_csv import as_csv

TABLE = {"headers": ["word", "n"], "data": [["red, or so", 3], ["blue", None]]}


@pytest.mark.parametrize(
    ("table", "text"),
    [
        (TABLE, 'word,n\n"red, or so",3\nblue,\n'),
        ({"headers": [], "data": [[1, 2]]}, "1,2\n"),
        ({"data": [[True, {"a": 1}]]}, 'true,"{""a"": 1}"\n'),
        ({"headers": ["a"], "data": []}, "a\n"),
        ({"headers": ["a"], "data": ["x"]}, None),
        ({"headers": ["a"]}, None),
        ([[1]], None),
        (None, None),
    ],
)
def test_a_table_becomes_csv(table: object, text: str | None) -> None:
    assert as_csv(table) == text


@given(st.lists(st.lists(st.text(st.characters(exclude_characters="\r\0")), min_size=1, max_size=4), max_size=4))
def test_what_is_written_can_be_read(rows: list[list[str]]) -> None:
    written = as_csv({"headers": ["h"], "data": rows})
    assert written is not None
    assert list(csv.reader(io.StringIO(written, newline="")))[1:] == rows


def processed(folder: Path, *, tables_as_files: bool) -> ProcessedAnswer:
    answer = Answer(endpoint="/x", outputs=(AnswerOutput(label="My ../ table", component="Dataframe", value=TABLE),))
    return process_result(
        answer, category="", output_type="", output_directory=folder / "out", tables_as_files=tables_as_files
    )


def test_a_table_reads_as_csv(tmp_path: Path) -> None:
    assert processed(tmp_path, tables_as_files=False).text == 'word,n\n"red, or so",3\nblue,'
    assert list(tmp_path.iterdir()) == []


def test_a_table_is_written_where_a_folder_was_named(tmp_path: Path) -> None:
    for count in (1, 2):
        answer = processed(tmp_path, tables_as_files=True)
        (file,) = answer.files
        assert (file.media_type, file.path.read_text()) == ("text/csv", 'word,n\n"red, or so",3\nblue,\n')
        assert answer.outputs[0].path == file.path
        assert answer.outputs[0].value == TABLE
        assert file.path.parent == tmp_path / "out"
        assert len(list((tmp_path / "out").iterdir())) == count
