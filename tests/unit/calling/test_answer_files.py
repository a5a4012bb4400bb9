"""The files of one answer: numbered, bounded, and their names only remembered."""

from pathlib import Path

import pytest

from hf_spaces_runner.calling.answer_files import AnswerFiles, embedded
from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.domain.answer import AnswerFile
from hf_spaces_runner.errors import AnswerError


def test_files_are_numbered_and_counted(tmp_path: Path) -> None:
    files = AnswerFiles(tmp_path, AnswerLimits(max_file_bytes=10, max_total_bytes=14, max_files=2))
    assert files.limit_bytes == 10
    assert files.write([b"ab", b"cdefg"], "../../x") == AnswerFile(path=tmp_path / "1", original_name="../../x")
    assert files.limit_bytes == 7
    assert files.write([], "y" * 10_000).original_name == "y" * 4096
    with pytest.raises(AnswerError, match="more than 2 files"):
        files.write([b"a"], "z")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"1": b"abcdefg", "2": b""}


@pytest.mark.parametrize(
    ("url", "content"),
    [
        ("data:image/png;base64,UE5H", b"PNG"),
        ("data:;base64,UE5H", b"PNG"),
        ("data:text/plain;charset=utf-8;base64,UE5H", b"PNG"),
        ("data:image/png;base64,*", None),
        ("data:image/png,UE5H", None),
        ("see data:image/png;base64,UE5H", None),
    ],
)
def test_a_data_url_holds_a_file(url: str, content: bytes | None) -> None:
    assert embedded(url) == content
