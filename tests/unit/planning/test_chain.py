from dataclasses import replace
from pathlib import Path

import pytest

from hf_spaces_runner.domain.hop import Hop
from hf_spaces_runner.domain.recommendation import Standing
from hf_spaces_runner.domain.request import InputValue, Request
from hf_spaces_runner.domain.result import CandidateKind
from hf_spaces_runner.domain.routing import Tier
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.domain.space import Sdk, Space
from hf_spaces_runner.planning.chain import others_for, request_for, rest, selected_hop, share_s, space_hop

HERE = Standing(image_here=True, fits_memory=True)


def space(name: str, description: str, *, category: str = "text_processing", input_type: str = "text") -> Space:
    return Space(
        id=name,
        docker_image=f"test/{name}",
        description=description,
        category=category,
        input_type=input_type,
        output_type="text",
        status="available",
    )


VADER = space("vader-sentiment", "Sentiment of an English text, by the VADER lexicon")
ROBERTA = space("sentiment-analysis", "Sentiment of an English text, by RoBERTa")
SUMMARY = space("extractive-summary", "Summary of an English text by its own sentences")
FACES = space("face-sentiment", "Sentiment of a face", category="image_processing", input_type="image")
REQUEST = Request(space="vader-sentiment", prompt="I love it")


def names(hops: tuple[Hop, ...]) -> list[str]:
    return [hop.name for hop in hops]


def test_who_follows_does_the_same_task_in_the_same_category() -> None:
    known = [(one, HERE) for one in (VADER, SUMMARY, ROBERTA, FACES)]
    hops = others_for(VADER, REQUEST, known, ())
    assert names(hops) == ["sentiment-analysis"]
    assert hops[0].skipped is None
    assert not hops[0].is_selected


def test_the_best_comes_first_by_how_things_stand() -> None:
    other = space("mood-sentiment", "Sentiment of an English text, by RoBERTa")
    for better, worse in ((ROBERTA, other), (other, ROBERTA)):
        known = [(worse, replace(HERE, runs=8, succeeded=0)), (better, replace(HERE, runs=8, succeeded=8))]
        assert names(others_for(VADER, REQUEST, known, ())) == [better.id, worse.id]


@pytest.mark.parametrize(
    ("changes", "standing", "why"),
    [
        ({"status": "disabled"}, HERE, "its status is disabled"),
        ({"status": "unverified"}, replace(HERE, image_here=False), "its image is not here"),
        ({"status": "unverified"}, replace(HERE, image_here=None), "hfsr registry check"),
        ({"gpu": True}, HERE, "needs a GPU"),
        ({}, replace(HERE, fits_memory=False, needed_bytes=8 * 2**30, have_bytes=2**30), "8.0 GiB does not fit"),
        ({"input_type": "image"}, HERE, "a.wav is audio"),
    ],
)
def test_who_cannot_is_left_out_with_the_reason(changes: dict[str, object], standing: Standing, why: str) -> None:
    request = replace(REQUEST, inputs=(InputValue(path=Path("a.wav")),)) if "input_type" in changes else REQUEST
    hop = space_hop(replace(ROBERTA, **changes), request, standing)  # type: ignore[arg-type]
    assert hop.skipped is not None
    assert why.replace("8.0", "8") in hop.skipped.replace("8.0", "8")


def test_one_that_the_user_wants_is_pulled_though_nobody_has_checked_it() -> None:
    unverified = replace(ROBERTA, status="unverified")
    assert space_hop(unverified, REQUEST, Standing(), is_wanted=True).skipped is None
    assert space_hop(replace(unverified, gpu=True), REQUEST, Standing(), is_wanted=True).skipped is not None


def test_an_unverified_one_whose_image_is_here_may_answer() -> None:
    assert space_hop(replace(ROBERTA, status="unverified"), REQUEST, HERE).skipped is None


def test_in_privacy_one_whose_image_is_not_here_is_left_out_also_if_it_was_named() -> None:
    private = replace(REQUEST, privacy=True)
    for is_wanted in (False, True):
        skipped = space_hop(ROBERTA, private, replace(HERE, image_here=False), is_wanted=is_wanted).skipped
        assert skipped == "its image is not here, and privacy mode asks nobody for one"
        assert space_hop(ROBERTA, private, HERE, is_wanted=is_wanted).skipped is None
        assert space_hop(ROBERTA, REQUEST, replace(HERE, image_here=False), is_wanted=is_wanted).skipped is None


def test_what_was_meant_for_the_selected_space_goes_to_nobody_else() -> None:
    request = replace(
        REQUEST,
        endpoint="/x",
        environment={"A": "1"},
        secrets={"KEY": Secret("s")},
        auth_user="ada",
        inputs=(
            InputValue(name="steps", value=3),
            InputValue(name="picture", path=Path("a.png")),
            InputValue(value="loose"),
        ),
    )
    assert request_for(selected_hop(VADER), request) == request
    other = request_for(space_hop(ROBERTA, request, HERE), request)
    assert (other.space, other.prompt, other.endpoint, other.auth_user) == (ROBERTA.id, "I love it", None, None)
    assert (dict(other.environment), dict(other.secrets)) == ({}, {})
    assert other.inputs == (InputValue(path=Path("a.png")), InputValue(value="loose"))


def test_a_space_that_nobody_named_is_trusted_with_nothing() -> None:
    request = Request(
        space=None,
        prompt="I love it",
        environment={"A": "1"},
        secrets={"KEY": Secret("s")},
        auth_user="ada",
        inputs=(InputValue(name="steps", value=3),),
    )
    chosen = request_for(selected_hop(VADER), request)
    assert (dict(chosen.environment), dict(chosen.secrets), chosen.auth_user) == ({}, {}, None)
    assert (chosen.space, chosen.prompt, chosen.inputs) == (VADER.id, request.prompt, request.inputs)


def test_who_failed_lately_rests_unless_nobody_else_is_left() -> None:
    hops = tuple(Hop(kind=CandidateKind.SPACE, name=name, tier=Tier.HEAVY) for name in "ab")
    assert [hop.skipped for hop in rest(hops, {"a": "tired"})] == ["tired", None]
    assert rest(hops, {"a": "tired", "b": "tired"}) == hops
    skipped = (hops[0], replace(hops[1], skipped="a reason of its own"))
    assert rest(skipped, {"a": "tired"}) == skipped


def test_the_last_may_take_all_of_the_time_that_is_left() -> None:
    assert share_s(10, is_last=True) == 10
    assert 5 < share_s(10, is_last=False) < 10


def test_what_was_merely_found_follows_nobody_unless_it_is_named_or_here() -> None:
    found = Space(id="found", docker_image="registry.hf.space/a-b:latest", status="available", origin="discovered")
    request = Request(space="any", prompt="x")
    away, here = Standing(image_here=False), Standing(image_here=True)
    assert "merely found on the Hub" in str(space_hop(found, request, away).skipped)
    assert space_hop(found, request, away, is_wanted=True).skipped is None
    assert space_hop(found, request, here).skipped is None


def test_a_page_for_people_follows_nobody() -> None:
    page = Space(id="page", docker_image="localhost/page", status="available", sdk=Sdk.STATIC)
    skipped = space_hop(page, Request(space="any", prompt="x"), Standing(image_here=True), is_wanted=True).skipped
    assert skipped == "it is a page for people, and has no API that could be called"
