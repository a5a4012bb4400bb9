import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.planning.relevance import MAX_EXPANDED, Query, expanded, relevance, search_words
from tests.unit.planning.space_samples import SPACES
from tests.unit.planning.test_words import HOSTILE


def space(name: str, description: str = "", **more: object) -> Space:
    return Space(id=name, docker_image="x", description=description, **more)  # type: ignore[arg-type]


def best(text: str) -> str:
    query = Query(text)
    return max(sorted(SPACES, key=lambda space: space.id), key=query.relevance).id


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("remove the background from photos", {"not-lain-background-removal"}),
        ("cut out a person", {"kenjiedec-rembg"}),
        ("transcribe my interview", {"sphinx-transcription", "whisper-transcription"}),
        ("translate this letter into German", {"translation"}),
        ("what is written on this scan", {"image-ocr"}),
        ("make a picture of a cat", {"stable-diffusion", "black-forest-labs-flux.1-schnell"}),
        ("is this review positive", {"sentiment-analysis"}),
        ("find the answer in these pdfs", {"document-search", "document-qa"}),
        ("read this text aloud", {"hexgrad-kokoro-tts"}),
        ("speech to text", {"sphinx-transcription"}),
        ("text to speech", {"hexgrad-kokoro-tts"}),
        ("clone a voice", {"voice-cloning"}),
        ("make subtitles for my video", {"jhj0517-subtitle-maker"}),
        ("tl;dr of an article", {"text-summarization"}),
        ("write a python function that sorts", {"code-generation"}),
        ("detect faces", {"face-detection"}),
        ("make this photo sharper", {"finegrain-finegrain-image-enhancer"}),
        ("describe this picture", {"image-captioning"}),
        ("fix my grammar", {"pszemraj-grammar-corrector"}),
        ("erase a person from a photo", {"finegrain-object-eraser"}),
        ("a 3d model of my chair from a photo", {"stabilityai-triposr"}),
        ("hexgrad/Kokoro-TTS", {"hexgrad-kokoro-tts"}),
        ("depth", {"depth-anything-depth-anything-v2"}),
    ],
)
def test_the_right_space_is_found(text: str, names: set[str]) -> None:
    assert best(text) in names


def test_the_own_name_fits_best() -> None:
    assert relevance("face-detection", SPACES[2]) == 1.0
    assert relevance(" BRIAAI/bria-rmbg-2.0 ", next(one for one in SPACES if "bria" in one.id)) == 1.0


@pytest.mark.parametrize(
    ("text", "name"),
    [("whisper", "whisper-large"), ("whisp", "whisper-large"), ("photos", "photo"), ("Photo", "photos-of-cats")],
)
def test_beginnings_and_other_forms_of_a_word_fit(text: str, name: str) -> None:
    assert relevance(text, space(name)) > 0.3


@pytest.mark.parametrize("text", ["cat", "car", "unicorn", "", "the", "!?"])
def test_what_only_looks_alike_does_not_fit(text: str) -> None:
    assert relevance(text, space("category-of-cards", "carbon")) == 0.0


def test_a_synonym_fits_less_than_the_word() -> None:
    assert relevance("photo", space("photo-x")) > relevance("photo", space("picture-x")) > 0.3
    assert relevance("transcribe", space("transcription-service")) > 0.5


def test_a_word_in_the_name_says_more_than_one_in_tags_or_the_description() -> None:
    name = relevance("llama", space("llama"))
    tag = relevance("unicorns", space("x", tags=("unicorns",)))
    description = relevance("unicorns", space("x", "unicorns"))
    assert relevance("unicorns", space("unicorns")) > tag > description > 0
    assert name > relevance("llama", space("x", "Chat with a llama")) > 0


def test_a_task_in_the_tags_says_more_than_one_in_the_description() -> None:
    tagged, described = space("x", tags=("speech-recognition",)), space("x", "Speech recognition")
    assert relevance("transcribe", tagged) > relevance("transcribe", described) > 0.5
    assert relevance("transcribe", space("x", "Speech to text")) > 0.5
    assert relevance("transcribe", space("x", "Text to speech")) == 0.0


def test_all_words_say_more_than_one_that_stands_there_often() -> None:
    assert relevance("blue unicorn", space("x", "a blue unicorn")) > relevance(
        "blue unicorn", space("x", "unicorn unicorn unicorn unicorn")
    )


def test_it_says_where_it_was_found() -> None:
    query = Query("remove the background from photos")
    assert query.says(space("x", "Background removal by U2Net")) == "its description says background removal"
    assert query.says(space("rembg")) == "its name says rembg"
    assert query.says(space("x", tags=("background-removal",))) == "its tags say background removal"
    assert query.says(space("x", "Anything else")) is None
    assert Query("unicorns").says(space("x", "A unicorn")) == "its description says unicorn"


def test_candidates_are_looked_up_by_other_words_as_well() -> None:
    words = expanded(search_words("transcribe my interview"))
    assert words[:2] == ("transcribe", "interview")
    assert {"transcription", "speech", "recognition", "whisper"} <= set(words)
    assert {"photo", "picture", "image"} <= set(expanded(("photos",)))
    assert expanded(()) == ()


@given(st.text(), st.text(max_size=40), st.text(max_size=80), st.lists(st.text(max_size=10), max_size=3).map(tuple))
def test_any_text_fits_any_space_between_0_and_1(text: str, name: str, description: str, tags: tuple[str, ...]) -> None:
    one = space(name, description, tags=tags, category=text, input_type=text)
    assert 0.0 <= relevance(text, one) <= 1.0
    assert Query(text).relevance(one) == relevance(text, one)


@given(st.text(max_size=200))
def test_the_words_that_were_given_come_first(text: str) -> None:
    words = search_words(text)
    more = expanded(words)
    assert more[: len(words)] == words
    assert len(more) == len(set(more)) <= MAX_EXPANDED


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_and_spaces_are_compared(text: str) -> None:
    one = space(text, text, space_id=text, tags=(text,) * 100, category=text, input_type=text, output_type=text)
    query = Query(text)
    assert 0.0 <= query.relevance(one) <= 1.0
    assert all(0.0 <= query.relevance(other) < 1.0 for other in SPACES)
    said = query.says(one)
    assert said is None or (said.isprintable() and len(said) < 300)
    assert len(expanded((text,))) <= MAX_EXPANDED
