import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.domain.privacy_rule import KINDS, folded, has_unseen, privacy_kind, privacy_word


@pytest.mark.parametrize(
    ("text", "word"),
    [("Patient", "patient"), ("  medical\u00a0 Record ", "medical record"), ("STRA\u1e9eE", "strasse"), ("7", "7")],
)
def test_a_word_is_written_in_one_form(text: str, word: str) -> None:
    assert privacy_word(text) == word
    assert privacy_word(word) == word


@pytest.mark.parametrize("text", ["", "  ", "...", "\u200b", "a\x1b[31mb", "a\x00b", "a" * 201])
def test_what_says_nothing_is_no_word(text: str) -> None:
    with pytest.raises(ValueError, match="privacy_words"):
        privacy_word(text)


@pytest.mark.parametrize(
    ("text", "kind"), [*((kind.upper(), kind) for kind in KINDS), (" .PDF ", ".pdf"), (".tar.gz", ".tar.gz")]
)
def test_a_kind_is_one_of_ours_or_an_extension(text: str, kind: str) -> None:
    assert privacy_kind(text) == kind
    assert privacy_kind(kind) == kind


@pytest.mark.parametrize("text", ["", ".", "..", ".a/b", "a b", ".a b", "images", "*.pdf", ".\x1b", "." + "a" * 200])
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"image, audio, video, text, file, or an extension such as \.pdf"):
        privacy_kind(text)


def test_a_missing_dot_is_told() -> None:
    with pytest.raises(ValueError, match=r"did you mean \.dcm\?"):
        privacy_kind("DCM")


@given(text=st.text())
def test_what_was_folded_stays_as_it_is(text: str) -> None:
    once = folded(text)
    assert folded(once) == once
    assert not has_unseen(once)
