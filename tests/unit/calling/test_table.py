from pathlib import Path

import pytest

from hf_spaces_runner.calling.table import as_table, read_table
from hf_spaces_runner.errors import InvalidInputError


def written(folder: Path, content: bytes) -> Path:
    path = folder / "t.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "table"),
    [
        (b"word,n\nred,3\nblue,4\n", {"headers": ["word", "n"], "data": [["red", 3], ["blue", 4]]}),
        (b"word;x\nred;1.5\n", {"headers": ["word", "x"], "data": [["red", 1.5]]}),
        (b"a\tb\n1\t-2\n", {"headers": ["a", "b"], "data": [[1, -2]]}),
        (b"\xef\xbb\xbfw\r\n\xc3\xa4\r\n", {"headers": ["w"], "data": [["ä"]]}),
        (b'a,b\n"x, y","two\nlines"\n', {"headers": ["a", "b"], "data": [["x, y", "two\nlines"]]}),
        (b"n,m\n1,x\n,2\n", {"headers": ["n", "m"], "data": [["1", "x"], ["", "2"]]}),
        (b"n\nnan\n1\n", {"headers": ["n"], "data": [["nan"], ["1"]]}),
        (b"only,heads\n", {"headers": ["only", "heads"], "data": []}),
    ],
)
def test_a_csv_file_is_a_table(tmp_path: Path, content: bytes, table: object) -> None:
    assert read_table(written(tmp_path, content)) == table


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty"),
        (b"\n\n", "it is empty"),
        (b"a,b\n1\n", "row 2 has 1 cells, the first one 2"),
        (b"a\n\xff\n", r"not UTF-8 \(byte 2\)"),
        (b'a,b\n"open', "is no CSV"),
    ],
)
def test_what_is_no_table_is_told(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        read_table(written(tmp_path, content))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"cannot read the file .*No such file"):
        read_table(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("value", "table"),
    [
        ([["a", 1], ["b"]], {"headers": ["1", "2"], "data": [["a", 1], ["b"]]}),
        ([{"a": 1}, {"b": 2}], {"headers": ["a", "b"], "data": [[1, None], [None, 2]]}),
        (["a", "b"], {"headers": ["1"], "data": [["a"], ["b"]]}),
        ({"headers": ["x"], "data": [[1]]}, {"headers": ["x"], "data": [[1]]}),
        ([], {"headers": [], "data": []}),
    ],
)
def test_json_in_the_forms_that_people_write_is_a_table(value: object, table: object) -> None:
    assert as_table(value) == table


@pytest.mark.parametrize("value", ["text", 5, {"rows": []}, None])
def test_other_json_is_no_table(value: object) -> None:
    with pytest.raises(ValueError, match="takes a table"):
        as_table(value)
