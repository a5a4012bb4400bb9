"""Which words and kinds of files make a request private, however they are written."""
# ruff: noqa: RUF001 - letters that look like others are what is tested

import string
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.domain.request import InputValue, Request
from hf_spaces_runner.planning.privacy import why_private


def asked(prompt: str | None = None, *values: object, files: tuple[str, ...] = ()) -> Request:
    inputs = [InputValue(value=value) for value in values] + [InputValue(path=Path(file)) for file in files]
    return Request(space="any", prompt=prompt, inputs=tuple(inputs))


def has(word: str, text: str) -> bool:
    return why_private(asked(text), [word], []) is not None


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("patient", "The patient, 43, has a cough"),
        ("Patient", "PATIENT"),
        ("patient", "(patient)"),
        ("patient", "patient_id=7"),
        ("patient", "pa\u00adti\u200bent"),
        ("patient", "my\u200bpatient\u200bcoughs"),
        ("patient", "\u202epatient\u202c"),
        ("patient", "ｐａｔｉｅｎｔ"),
        ("patient", "𝐩𝐚𝐭𝐢𝐞𝐧𝐭"),
        ("patient", "このpatientは"),
        ("pa\u00adtient", "patient"),
        ("medical record", "a medical\n  record"),
        ("medical record", "medical-record"),
        ("medical record", "medical. Record"),
        ("x-ray", "an X ray"),
        ("x ray", "an x‑ray"),
        ("Straße", "STRASSE"),
        ("office", "oﬃce"),
        ("café", "cafe\u0301"),
        ("ΟΔΟΣ", "οδος"),
        ("don't tell", "don’t tell"),
        ("c++", "in C++, please"),
        ("病歴", "彼の病歴は長い"),
        ("ผู้ป่วย", "นี่คือผู้ป่วยของเรา"),
        ("환자", "환자는 43세"),
        ("रोगी", "यह रोगी है"),
        ("§ 203", "nach § 203 StGB"),
    ],
)
def test_a_word_is_found_however_it_is_written(word: str, text: str) -> None:
    assert has(word, text)
    assert has(word.upper(), text)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("patient", ""),
        ("patient", "impatient"),
        ("patient", "patience"),
        ("patient", "patients"),
        ("patient", "pat ient"),
        ("medical record", "medical records"),
        ("medical record", "record medical"),
        ("medical record", "medicalrecord"),
        ("resume", "résumé"),
        ("c++", "vitamin C"),
        ("§ 203", "1203"),
        ("ada", "Nada ada1 λada"),
    ],
)
def test_only_whole_words_count(word: str, text: str) -> None:
    assert not has(word, text)


@pytest.mark.parametrize(
    "name",
    ["patient.png", "PatientScan.pdf", "scan-patient_7.pdf", "patient7.txt", "7patient", "/home/a/PATIENT"],
)
def test_the_name_of_a_file_counts_where_words_have_grown_together(name: str) -> None:
    assert why_private(asked(files=(name,)), ["patient"], []) is not None


@pytest.mark.parametrize("name", ["impatient.png", "/patient/scan.png", "patience.txt"])
def test_other_names_do_not_and_neither_does_the_folder(name: str) -> None:
    assert why_private(asked(files=(name,)), ["patient"], []) is None


@pytest.mark.parametrize("value", ["my patient", ["a", {"b": ["my patient"]}], {"patient": 1}])
def test_a_word_is_found_in_what_an_input_holds(value: object) -> None:
    reason = why_private(asked("hello", 7, None, value), ["other", "patient"], [])
    assert reason == "an input has the word 'patient' of the setting privacy_words"
    assert why_private(asked("hello", value), ["b2"], []) is None


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("image", "photo.JPG"),
        ("image", "photo.jpg.gz"),
        ("image", "no ending"),
        ("image", "scan.unheard-of"),
        ("image", "weights.bin"),
        ("audio", "talk.wav"),
        ("video", "clip.mp4"),
        ("text", "notes.txt"),
        ("file", "anything.at.all"),
        (".pdf", "a.PDF"),
        (".PDF", "a.pdf"),
        (".dcm", "scan.dcm.gz"),
        (".tar.gz", "all.tar.gz"),
    ],
)
def test_a_kind_is_told_by_the_name_and_each_where_the_name_does_not_tell(kind: str, name: str) -> None:
    reason = why_private(asked(files=("fine.json", name)), [], ["text" if kind != "text" else "audio", kind])
    assert reason is not None
    assert name not in reason
    assert why_private(asked("a text"), [], [kind]) is None


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("image", "notes.txt"),
        ("image", "paper.pdf"),
        ("audio", "photo.jpg"),
        ("text", "photo.jpg"),
        (".pdf", "pdf"),
        (".pdf", "a.pdfx"),
        (".gz", "a.gzip"),
    ],
)
def test_other_kinds_do_not(kind: str, name: str) -> None:
    assert why_private(asked(files=(name,)), [], [kind]) is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("image", "data:image/png;base64,AAAA"),
        ("image", "data:IMAGE/PNG,x"),
        (".png", "data:image/png;base64,AAAA"),
        ("image", "data:application/octet-stream;base64,AAAA"),
        ("text", "data:,hello"),
        ("file", "data:application/pdf;base64,AAAA"),
        (".pdf", "https://example.com/a.pdf?x=1#y"),
        ("image", " https://example.com/a.png "),
        ("image", "http://example.com/show"),
        ("image", "http://[broken"),
    ],
)
def test_a_file_may_be_given_as_text(kind: str, value: str) -> None:
    assert why_private(asked(value), [], [kind]) is not None
    assert why_private(asked(None, [value]), [], [kind]) is not None


@pytest.mark.parametrize("value", ["data:audio/wav;base64,AAAA", "see https://example.com/a.png there", "data is x"])
def test_other_texts_are_no_pictures(value: str) -> None:
    assert why_private(asked(value), [], ["image", ".png"]) is None


@pytest.mark.parametrize(("words", "kinds"), [(["..."], []), ([""], []), ([], ["pdf"]), ([], ["picture"]), ([], [""])])
def test_what_is_no_rule_is_refused(words: list[str], kinds: list[str]) -> None:
    with pytest.raises(ValueError, match="privacy_"):
        why_private(asked("x"), words, kinds)


def test_the_reason_shows_the_rules_word_and_nothing_else() -> None:
    assert why_private(asked("Ada Lovelace, PATIENT of Dr. House"), ["house music", "Patient"], []) == (
        "the prompt has the word 'patient' of the setting privacy_words"
    )
    assert why_private(asked(files=("ada-lovelace.jpg",)), ["patient"], ["image"]) == (
        "a file that goes in is of the kind image of the setting privacy_kinds"
    )


def test_without_rules_nothing_is_private() -> None:
    assert why_private(asked("patient", "x", files=("patient.jpg",)), [], []) is None


LETTERS = st.text(string.ascii_letters, min_size=1, max_size=12)
ANY_WORD = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12).filter(
    lambda word: any(character.isalnum() for character in unicodedata.normalize("NFKC", word.casefold()))
)
GAP = st.sampled_from([" ", "\n", ", ", "-", "_", "/", "\u00a0", "\u2014", "«", ""])


@given(word=ANY_WORD, form=st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]), before=GAP, after=GAP, rest=st.text())
def test_any_word_is_found_in_every_form_of_unicode(word: str, form: str, before: str, after: str, rest: str) -> None:
    written = unicodedata.normalize(form, word)  # type: ignore[arg-type]
    assert has(word, f"{before}{written}{after}")
    assert has(word, f"{rest} {written}\n{rest}")
    assert has(word, f"{written.casefold()}")


@given(word=LETTERS, at=st.integers(0, 12), unseen=st.sampled_from("\u00ad\u200b\u200d\u2060\ufeff\ufe0f"))
def test_what_nobody_sees_hides_no_word(word: str, at: int, unseen: str) -> None:
    assert has(word, f"so {word[:at]}{unseen}{word[at:]} it is")
    assert has(word, f"so{unseen}{word}{unseen}it is")


@given(word=LETTERS, before=st.text(string.ascii_letters + string.digits, max_size=3), after=LETTERS)
def test_a_part_of_a_word_is_none(word: str, before: str, after: str) -> None:
    longer = f"{before}{word}{after}"
    assert not has(word, longer)
    assert has(longer, longer.swapcase())


@given(text=st.text(), words=st.lists(ANY_WORD, max_size=4), more=ANY_WORD)
def test_a_rule_more_makes_nothing_less_private_and_no_reason_tells_the_text(
    text: str, words: list[str], more: str
) -> None:
    reason = why_private(asked(text, text, files=("x.json",)), words, [])
    if reason is not None:
        assert why_private(asked(text, text, files=("x.json",)), [*words, more], []) is not None
    secret = f"zqj{text}jqz"
    told = why_private(asked(f"{secret} {more}"), [more], [])
    assert told is not None
    assert secret not in told
