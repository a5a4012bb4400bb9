import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.domain.hub_space import Category, HubSpace
from hf_spaces_runner.planning.categorise import categorise
from tests.unit.planning.test_words import HOSTILE

IMAGE, AUDIO = Category.IMAGE_PROCESSING, Category.AUDIO_PROCESSING
TEXT, OTHER = Category.TEXT_PROCESSING, Category.SPECIALIZED


@pytest.mark.parametrize(
    ("space", "category", "rule", "certainty"),
    [
        (
            HubSpace(id="u/x", tags=("gradio", "automatic-speech-recognition", "region:us")),
            AUDIO,
            "the tag automatic-speech-recognition",
            0.95,
        ),
        (HubSpace(id="u/x", tags=("image-generation",)), IMAGE, "the tag image-generation", 0.95),
        (HubSpace(id="u/x", tags=("OCR",)), IMAGE, "the tag OCR", 0.95),
        (HubSpace(id="u/x", tags=("audio",)), AUDIO, "the tag audio", 0.8),
        (HubSpace(id="u/x", tasks=("text-to-image",)), IMAGE, "the task text-to-image of its model", 0.85),
        (HubSpace(id="u/x", ai_category="Speech Synthesis"), AUDIO, "the Hub's category Speech Synthesis", 0.75),
        (HubSpace(id="u/x", ai_category="Text Analysis"), TEXT, "the Hub's category Text Analysis", 0.75),
        (
            HubSpace(id="u/x", ai_category="Audio Transcription Service"),
            AUDIO,
            "the word transcription in the Hub's category",
            0.6,
        ),
        (HubSpace(id="openai/whisper"), AUDIO, "the word whisper in its name", 0.5),
        (HubSpace(id="u/x", title="Background Removal"), IMAGE, "the words background removal in its name", 0.5),
        # The words chat and pdf together say more than chat alone, which is of texts.
        (HubSpace(id="u/x", title="Chat with PDF"), OTHER, "the words chat pdf in its name", 0.4),
        (HubSpace(id="u/BackgroundRemoval"), IMAGE, "the words background removal in its name", 0.5),
        (HubSpace(id="u/x", description="Translates mails"), TEXT, "the word translates in its description", 0.3),
        (HubSpace(id="whisper/x"), OTHER, "nothing that tells a category", 0.1),
        (
            HubSpace(id="u/x", tags=("gradio", "other"), tasks=("nonsense",)),
            OTHER,
            "nothing that tells a category",
            0.1,
        ),
    ],
)
def test_each_rule(space: HubSpace, category: Category, rule: str, certainty: float) -> None:
    found = categorise(space)
    assert (found.category, found.rule, found.certainty) == (category, rule, certainty)


def test_the_rules_stand_in_their_order() -> None:
    everything = {
        "tags": ("text-to-speech",),
        "tasks": ("summarization",),
        "ai_category": "Image Generation",
        "title": "Code generation",
        "description": "Translates",
    }
    expected = (AUDIO, TEXT, IMAGE, OTHER, TEXT)
    for category in expected:
        assert categorise(HubSpace(id="u/x", **everything)).category is category  # type: ignore[arg-type]
        everything.pop(next(iter(everything)))


@pytest.mark.parametrize(
    ("tags", "category", "certainty"),
    [
        (("text-to-image", "image-to-image"), IMAGE, 0.95),
        (("summarization", "text-to-image", "image-to-image"), IMAGE, 0.63),
        (("text-to-image", "text-to-speech"), IMAGE, 0.47),
    ],
)
def test_the_majority_wins_with_less_certainty(tags: tuple[str, ...], category: Category, certainty: float) -> None:
    found = categorise(HubSpace(id="u/x", tags=tags))
    assert found.category is category
    assert found.certainty == pytest.approx(certainty, abs=0.01)


@pytest.mark.parametrize(
    ("space", "takes", "gives"),
    [
        (HubSpace(id="u/x", tags=("automatic-speech-recognition",)), "audio", "text"),
        (HubSpace(id="u/x", tags=("visual-question-answering",)), "text_image", "text"),
        (HubSpace(id="u/whisper", tags=("audio",)), "audio", "text"),
        (HubSpace(id="u/stable-diffusion", tags=("audio",)), "", ""),
        (HubSpace(id="u/x", title="Speech to Text"), "audio", "text"),
        (HubSpace(id="u/x", title="Text to Speech"), "text", "audio"),
        (HubSpace(id="u/x", ai_category="Text Analysis"), "", ""),
        (HubSpace(id="u/x"), "", ""),
    ],
)
def test_the_kinds_that_go_in_and_come_out(space: HubSpace, takes: str, gives: str) -> None:
    found = categorise(space)
    assert (found.input_type, found.output_type) == (takes, gives)


texts = st.text(max_size=60) | st.sampled_from(["text-to-image", "audio", "whisper", "Image Generation", "ocr"])


@given(
    st.builds(
        HubSpace,
        id=texts,
        title=texts,
        description=texts,
        ai_category=st.none() | texts,
        tags=st.lists(texts, max_size=4).map(tuple),
        tasks=st.lists(texts, max_size=4).map(tuple),
    )
)
def test_any_space_has_a_category(space: HubSpace) -> None:
    found = categorise(space)
    assert 0.0 <= found.certainty <= 0.95
    assert found.rule.isprintable()
    assert found == categorise(space)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_spaces_have_a_category(text: str) -> None:
    found = categorise(
        HubSpace(id=text, title=text, description=text, ai_category=text, tags=(text,) * 1000, tasks=(text,) * 1000)
    )
    assert found.rule.isprintable()
    assert len(found.rule) < 300


def test_a_tag_is_shown_without_what_changes_a_terminal() -> None:
    assert categorise(HubSpace(id="u/x", tags=("\x1b[31m audio",))).rule.isprintable()
