"""The lines of a log that came during a call."""

import pytest

from hf_spaces_runner.batch.space_worker import _new_lines


@pytest.mark.parametrize(
    ("before", "after", "new"),
    [
        ("", "", ""),
        ("", "a\n", "a\n"),
        ("a\n", "a\n", ""),
        ("a\n", "a\nb\n", "b\n"),
        ("a\nb", "a\nbc\n", "c\n"),
        ("a\nb\nc\n", "b\nc\nd\n", "d\n"),
        ("a\nb\nc\n", "c\nd\ne\n", "d\ne\n"),
        ("a\nb\nc\n", "d\ne\nf\n", "d\ne\nf\n"),
        ("a\na\na\n", "a\na\nb\n", "b\n"),
        ("a\nb\n", "", ""),
    ],
)
def test_what_was_there_before_is_left_out(before: str, after: str, new: str) -> None:
    assert _new_lines(before, after) == new
