import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hf_spaces_runner.planning.words import (
    MAX_WORDS,
    conversions_in,
    fold,
    meaning,
    name_words,
    same_words,
    search_words,
    stem,
)

HOSTILE = [
    "",
    "\x00\x1b[31mred\x1b[0m\u202e",
    "a" * 1_000_000,
    "word " * 200_000,
    "\ufdfa" * 10_000,
    "🦄🦄 🦄",
    "צלם את התמונה הזאת",
    "e\u0301" * 5_000,
    "\udcff\ud800",
    "to " * 100_000,
    "text to " * 100_000,
    "text" + " " * 100_000 + "to",
]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Remove the background from my Photos, please!", ("remove", "background", "photos")),
        ("remove remove REMOVE", ("remove",)),
        ("Café crème", ("cafe", "creme")),
        ("Übersetze: straße", ("ubersetze", "straße")),
        ("画像の背景を削除", ("画像の背景を削除",)),
        ("\uff57\uff48\uff49\uff53per", ("whisper",)),
        ("speech-to_text", ("speech", "text")),
        ("an AI app for cats", ("cats",)),
        ("the demo app", ("demo", "app")),
        ("what is this?", ()),
        ("!?", ()),
    ],
)
def test_the_words_that_say_what_a_text_is_about(text: str, words: tuple[str, ...]) -> None:
    assert search_words(text) == words


@pytest.mark.parametrize(
    "forms",
    [
        "photo photos",
        "face faces",
        "image images imaging",
        "remove remover removing removal removed",
        "translate translation translations translator translating",
        "summary summaries summarize summarise summarization summarizer summarising",
        "detect detection detector detecting detected",
        "generate generation generator generating",
        "code codes coding",
        "caption captions captioning",
        "box boxes",
        "speak speaking",
    ],
)
def test_the_forms_of_a_word_have_one_stem(forms: str) -> None:
    assert len({stem(form) for form in forms.split()}) == 1


@pytest.mark.parametrize(
    "words", ["face fact", "general generate", "cat category", "car card", "string strong", "text test", "voice voip"]
)
def test_other_words_keep_stems_of_their_own(words: str) -> None:
    assert len({stem(word) for word in words.split()}) == 2


def test_words_of_one_meaning_are_one() -> None:
    assert meaning("photos") == meaning("picture") == meaning("image")
    assert meaning("transcribe") == meaning("transcription")
    assert meaning("audio") != meaning("image")
    assert "picture" in same_words("photos")
    assert same_words("unicorn") == ()


@pytest.mark.parametrize(
    ("text", "turns"),
    [
        ("speech to text", {"speech>text"}),
        ("Text-to-Speech", {"text>speech"}),
        ("text2image", {"text>image"}),
        ("turn this photo into a video", {"image>video"}),
        ("images from text", {"text>image"}),
        ("text_to_image", {"text>image"}),
        ("image-text-to-text", {"text>text"}),
        ("texttospeech", set()),
        ("text and speech", set()),
        ("", set()),
    ],
)
def test_what_turns_into_what(text: str, turns: set[str]) -> None:
    assert conversions_in(fold(text)) == turns


def test_names_are_split_where_a_capital_begins() -> None:
    assert {"background", "removal"} <= set(name_words("user/BackgroundRemoval"))
    assert {"musicgen", "music", "gen"} <= set(name_words("MusicGen"))
    assert name_words("whisper-large_v3") == ["whisper", "large", "v3"]


@given(st.text())
def test_any_text_gives_few_short_words_once_each(text: str) -> None:
    words = search_words(text)
    assert len(words) <= MAX_WORDS
    assert len(set(words)) == len(words)
    for word in words:
        assert 1 <= len(word) <= 40
        assert word == fold(word)
        assert word.isalnum()


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_give_few_words(text: str) -> None:
    words = search_words(text)
    assert len(words) <= MAX_WORDS
    assert all(word.isalnum() and len(word) <= 40 for word in words)
    assert all(">" in turn for turn in conversions_in(fold(text)))


def test_only_the_beginning_of_a_text_is_looked_at() -> None:
    assert len(fold("a" * 1_000_000)) < 10_000
    assert len(fold("\ufdfa" * 1_000_000)) < 10_000


@given(st.text(alphabet="abcdeginorstuyz", min_size=1, max_size=20))
@example("ss")
@example("ies")
@example("ing")
def test_a_stem_is_the_beginning_of_its_word_or_its_singular(word: str) -> None:
    stemmed = stem(word)
    assert stemmed
    assert word.startswith((stemmed, stemmed[:-1]))
