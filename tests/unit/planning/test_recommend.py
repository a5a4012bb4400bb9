from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.domain.recommendation import Recommendation, Standing
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.planning.recommend import recommend
from tests.unit.planning.space_samples import SPACES
from tests.unit.planning.test_words import HOSTILE

GIB = 1024**3
REMOVER = Space(
    id="remover",
    docker_image="x",
    description="Background removal",
    category="image_processing",
    input_type="image",
    output_type="image",
)
WISH = "remove the background from photos"


def one(space: Space = REMOVER, text: str = WISH, kinds: tuple[str, ...] = (), **standing: Any) -> Recommendation:
    return recommend(text, kinds, [(space, Standing(**standing))])[0]


def ids(text: str, *kinds: str) -> list[str]:
    return [found.space.id for found in recommend(text, kinds, [(space, Standing()) for space in SPACES])]


@pytest.mark.parametrize(
    ("text", "kinds", "first"),
    [
        (WISH, (), {"not-lain-background-removal"}),
        (WISH, ("image",), {"not-lain-background-removal"}),
        ("transcribe my interview", ("audio",), {"sphinx-transcription", "whisper-transcription"}),
        ("translate this letter into German", (), {"translation"}),
        ("what is written on this scan", ("image",), {"image-ocr"}),
        ("make a picture of a cat", (), {"stable-diffusion", "black-forest-labs-flux.1-schnell"}),
        ("is this review positive", (), {"sentiment-analysis"}),
        ("find the answer in these pdfs", ("file",), {"document-search", "document-qa"}),
        ("make subtitles", ("video",), {"jhj0517-subtitle-maker"}),
        ("read this aloud", ("text",), {"hexgrad-kokoro-tts"}),
        ("generate a video of a cat", (), {"wan-ai-wan-2.1"}),
        ("", ("video",), {"jhj0517-subtitle-maker"}),
    ],
)
def test_the_right_space_comes_first(text: str, kinds: tuple[str, ...], first: set[str]) -> None:
    assert ids(text, *kinds)[0] in first


def test_the_reasons_are_sentences_for_people() -> None:
    found = one(image_here=True, fits_memory=True, runs=3, succeeded=3, median_s=2.13, status="available")
    assert found.reasons == (
        "its description says background removal",
        "takes an image",
        "gives an image",
        "its image is here",
        "fits into memory",
        "3 of 3 runs succeeded, 2.1 s each",
    )
    assert found.misfits == ()


@pytest.mark.parametrize(
    ("standing", "misfit"),
    [
        ({"image_here": False, "download_bytes": 2 * GIB}, "its image must be pulled first: 2 GiB"),
        ({"image_here": False}, "its image must be pulled first"),
        (
            {"fits_memory": False, "needed_bytes": 4 * GIB, "have_bytes": 2 * GIB},
            "does not fit into memory: 4 GiB needed, 2 GiB there",
        ),
        ({"fits_memory": False}, "does not fit into memory"),
        ({"runs": 4, "succeeded": 1, "median_s": 70.0}, "1 of 4 runs succeeded, 1m10s each"),
        ({"runs": 1}, "0 of 1 run succeeded"),
        ({"status": "unavailable"}, "its status is unavailable"),
        ({"status": "Disabled"}, "its status is disabled"),
    ],
)
def test_what_speaks_against_it_is_said_and_counts(standing: dict[str, Any], misfit: str) -> None:
    found = one(**standing)
    assert found.misfits == (misfit,)
    assert found.score < one().score


def test_a_gpu_that_is_not_here_counts() -> None:
    needs = replace(REMOVER, gpu=True)
    assert one(needs).misfits == ("needs a GPU, and none is here",)
    assert "its GPU is here" in one(needs, gpu_here=True).reasons
    assert one(needs).score < one(needs, gpu_here=True).score == one().score


def test_a_space_that_is_built_needs_no_pull(tmp_path_factory: pytest.TempPathFactory) -> None:
    built = replace(REMOVER, source=tmp_path_factory.getbasetemp())
    assert one(built, image_here=False).misfits == ("its image must be built first",)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"image_here": True}, {"image_here": None}),
        ({"fits_memory": True}, {"fits_memory": None}),
        ({"runs": 50, "succeeded": 50}, {"runs": 1, "succeeded": 1}),
        ({"runs": 1, "succeeded": 1}, {}),
        ({}, {"runs": 1, "succeeded": 0}),
        ({"runs": 1, "succeeded": 0}, {"runs": 9, "succeeded": 0}),
        ({"median_s": 1.0}, {"median_s": 100.0}),
        ({"status": "available"}, {"status": "unverified"}),
        ({"category_certainty": 0.95}, {"category_certainty": 0.1}),
    ],
)
def test_between_equals_the_better_standing_wins(better: dict[str, Any], worse: dict[str, Any]) -> None:
    assert one(**better).score > one(**worse).score


def test_the_text_counts_more_than_what_is_at_hand() -> None:
    at_hand = Standing(image_here=True, fits_memory=True, runs=9, succeeded=9, median_s=0.1, status="available")
    candidates = [(space, at_hand if space.id == "face-detection" else Standing(image_here=False)) for space in SPACES]
    assert recommend(WISH, ("image",), candidates)[0].space.id == "not-lain-background-removal"


@pytest.mark.parametrize(
    ("wish", "kinds", "last", "misfit"),
    [
        (WISH, ("audio",), "not-lain-background-removal", "does not take audio"),
        ("translate", ("image", "audio"), "translation", "does not take audio and an image"),
    ],
)
def test_what_cannot_take_the_file_comes_last(wish: str, kinds: tuple[str, ...], last: str, misfit: str) -> None:
    found = recommend(wish, kinds, [(space, Standing()) for space in SPACES])
    blocked = next(one for one in found if one.space.id == last)
    assert misfit in blocked.misfits
    fitting = [one for one in found if not any("does not take" in misfit for misfit in one.misfits)]
    assert fitting == list(found[: len(fitting)])
    assert all(one.score > blocked.score for one in fitting)


def test_what_is_not_to_be_had_comes_behind_what_no_word_fits() -> None:
    other = replace(REMOVER, id="other", description="", category="", input_type="", output_type="")
    found = recommend(WISH, (), [(REMOVER, Standing(status="unavailable")), (other, Standing(fits_memory=False))])
    assert [one.space.id for one in found] == ["other", "remover"]
    assert found[0].misfits[0] == "no word of it fits"


def test_the_output_that_is_asked_for_counts() -> None:
    speaker = replace(REMOVER, id="a", description="Text and speech", input_type="text_audio", output_type="audio")
    writer = replace(speaker, id="b", output_type="text")
    found = recommend("turn speech into text", (), [(speaker, Standing()), (writer, Standing())])
    assert [one.space.id for one in found] == ["b", "a"]
    assert "gives audio, not text" in found[1].misfits


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan"), -1.0])
def test_times_that_are_none_are_left_out(number: float) -> None:
    assert one(runs=1, succeeded=1, median_s=number) == one(runs=1, succeeded=1)


kinds = st.sampled_from(["text", "image", "audio", "video", "file", "nonsense", ""])
spaces = st.sampled_from(SPACES) | st.builds(
    Space,
    id=st.text(max_size=20),
    docker_image=st.just("x"),
    description=st.text(max_size=40),
    input_type=kinds | st.text(max_size=20),
    output_type=kinds | st.text(max_size=20),
    gpu=st.booleans(),
)
sizes = st.none() | st.integers(-1, 2**60)
standings = st.builds(
    Standing,
    image_here=st.none() | st.booleans(),
    download_bytes=sizes,
    fits_memory=st.none() | st.booleans(),
    needed_bytes=sizes,
    have_bytes=sizes,
    gpu_here=st.booleans(),
    runs=st.integers(-5, 1000),
    succeeded=st.integers(-5, 2000),
    median_s=st.none() | st.floats(),
    status=st.sampled_from(["available", "unverified", "unavailable", "disabled"]) | st.text(max_size=10),
    category_certainty=st.none() | st.floats(),
)
wishes = st.text(max_size=60) | st.sampled_from([WISH, "transcribe this", "make a picture"])
candidates = st.lists(st.tuples(spaces, standings), max_size=8, unique_by=lambda pair: pair[0].id)


@given(wishes, st.sets(kinds, max_size=3), candidates, st.randoms(use_true_random=False))
def test_all_come_back_in_an_order_of_their_own(
    wish: str, kinds: set[str], pairs: list[tuple[Space, Standing]], random: Random
) -> None:
    found = recommend(wish, kinds, pairs)
    assert sorted(one.space.id for one in found) == sorted(space.id for space, _ in pairs)
    assert all(0.0 <= one.score <= 1.0 for one in found)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    shuffled = list(pairs)
    random.shuffle(shuffled)
    assert recommend(wish, kinds, shuffled) == found
    assert all(said.isprintable() for one in found for said in (*one.reasons, *one.misfits))


@given(wishes, st.sets(kinds, max_size=3), spaces, standings)
def test_a_space_that_is_not_to_be_had_never_comes_first(
    wish: str, kinds: set[str], space: Space, standing: Standing
) -> None:
    good = replace(REMOVER, id="good", input_type="", output_type="")
    gone = replace(standing, status="disabled")
    found = recommend(wish, kinds, [(replace(space, id="gone"), gone), (good, Standing())])
    assert [one.space.id for one in found] == ["good", "gone"]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_are_judged(text: str) -> None:
    hostile = Space(id="hostile", docker_image="x", description=text, input_type=text, output_type=text, tags=(text,))
    found = recommend(text, (text,), [(hostile, Standing(status=text)), (REMOVER, Standing())])
    assert len(found) == 2
    for one in found:
        assert all(said.isprintable() and len(said) < 300 for said in (*one.reasons, *one.misfits))
