import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.domain.safe_name import MAX_NAME_BYTES, safe_name, split_extension, unique_name


@pytest.mark.parametrize(
    ("original", "expected"),
    [
        ("report.pdf", "report.pdf"),
        ("my report (1).tar.gz", "my report (1).tar.gz"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\a.png", "a.png"),
        ("folder/", "fallback"),
        ("", "fallback"),
        ("..", "fallback"),
        (".bashrc", "bashrc"),
        ("--rf.txt", "rf.txt"),
        ("~root", "root"),
        ("a\x00b\x1b[31m.png", "ab[31m.png"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("a\u200bb.txt", "ab.txt"),
        ("a\nb\tc.txt", "a b c.txt"),
        ('a<b>:"|?*.txt', "a_b______.txt"),
        ("e\u0301.txt", "\u00e9.txt"),
        ("日本語 😀.png", "日本語 😀.png"),
        ("\udcff\udcfe.png", "png"),
        ("CON", "_CON"),
        ("con.txt", "_con.txt"),
        ("Lpt1.tar.gz", "_Lpt1.tar.gz"),
        ("console.txt", "console.txt"),
        ("name. . ", "name"),
        ("x" * 300 + ".png", "x" * 116 + ".png"),
        ("ä" * 300 + ".jpeg", "ä" * 57 + ".jpeg"),
        ("a." + "x" * 300, "a." + "x" * 118),
    ],
)
def test_a_name_becomes_safe(original: str, expected: str) -> None:
    assert safe_name(original, "fallback") == expected


@given(st.text(alphabet=st.characters(), max_size=200))
def test_any_name_is_one_harmless_component(original: str) -> None:
    name = safe_name(original, "fallback")
    assert name
    assert len(name.encode()) <= MAX_NAME_BYTES
    assert not set(name) & set('/\\\x00<>:"|?*')
    assert not name.startswith((".", "-", "~", " "))
    assert not name.endswith((".", " "))
    assert name == unicodedata.normalize("NFC", name)
    assert not any(unicodedata.category(character) in {"Cc", "Cf", "Cs"} for character in name)


@given(st.text(alphabet=st.characters(), max_size=200))
def test_a_safe_name_stays(original: str) -> None:
    name = safe_name(original, "fallback")
    assert safe_name(name, "fallback") == name


def test_a_name_of_accents_is_cut_before_they_are_brought_into_order() -> None:
    for _ in range(1000):
        safe_name("a" + "\u0345" * 2000 + "\u0315" * 1000 + "\u0300" * 500 + "\u0334" * 500, "fallback")


def test_the_extension_of_a_long_name_is_kept() -> None:
    assert safe_name("\u200b" * 4000 + "report.pdf", "fallback") == "report.pdf"


def test_a_unique_name_counts_whatever_the_case() -> None:
    taken = {"a.png", "a-2.png"}
    assert unique_name("A.png", taken) == "A-3.png"
    assert unique_name("b.png", taken) == "b.png"
    assert unique_name("a", {"a"}) == "a-2"


def test_a_unique_name_is_not_too_long() -> None:
    name = "x" * 116 + ".png"
    assert unique_name(name, {name}) == "x" * 114 + "-2.png"


def test_an_extension_is_short_and_without_spaces() -> None:
    assert split_extension("a.tar.gz") == ("a.tar", ".gz")
    assert split_extension("Hello. This is it") == ("Hello. This is it", "")
    assert split_extension("a." + "x" * 30) == ("a." + "x" * 30, "")
    assert split_extension("a") == ("a", "")
