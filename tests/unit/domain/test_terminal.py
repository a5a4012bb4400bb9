import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.domain.terminal import one_line, printable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain ä 日本 😀\n\ttab", "plain ä 日本 😀\n\ttab"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x9b31mred", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]52;c;never ended", "52;c;never ended"),
        ("\x1bP1$r\x1b\\text", "text"),
        ("\x1bcreset", "reset"),
        ("\x1b", ""),
        ("a\x00\x07\x08b\x7f", "ab"),
        ("a\r\nb\rc", "a\nbc"),
        ("abc\u202egnp.exe", "abcgnp.exe"),
        ("\ud800x", "x"),
        ("â\x80\x9d and on", "â and on"),
    ],
)
def test_what_a_terminal_would_obey_goes(text: str, expected: str) -> None:
    assert printable(text) == expected


@given(st.text(alphabet=st.characters()) | st.text(alphabet="\x1b[]0;mP\\\x07\x9b\x9dx"))
def test_no_control_character_is_left(text: str) -> None:
    left = printable(text)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", left)
    assert left.encode().decode() == left


@pytest.mark.parametrize("start", ["\x9d", "\x1b]", "\x1b[0", "\x9b0", "\x1bP\x90", "\x1b ", "\x1b[ "])
def test_a_million_starts_are_read_in_one_pass(start: str) -> None:
    assert "\x1b" not in printable(start * 1_000_000 + "\x1b!")


def test_one_line_is_one_line_and_short() -> None:
    assert one_line(" a\n\tb\x1b[31m  c ") == "a b c"
    assert one_line("x" * 1000, limit=10) == "x" * 9 + "…"
    assert one_line("") == ""
