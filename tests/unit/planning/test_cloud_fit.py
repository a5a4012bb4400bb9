"""Who of the cloud may stand in for a Space, in which order, and what is said of what goes there."""

from pathlib import Path

import pytest

from hf_spaces_runner.domain.cloud import CloudModel, CloudSpace
from hf_spaces_runner.domain.hub_space import Categorised, Category, Found, HubSpace
from hf_spaces_runner.domain.request import InputValue, Request
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.planning.cloud_fit import (
    as_model,
    is_same,
    ranked,
    takes_the_same,
    what_is_sent,
    why_not_for,
    why_not_model,
)

SELECTED = Space(id="mood", docker_image="x", category="text_processing", output_type="text", space_id="user/My_Mood")


def remote(name: str, stands_for: str | None = None) -> CloudSpace:
    return CloudSpace(url=f"https://{name}.hf.space", stands_for=stands_for)


@pytest.mark.parametrize(
    ("space", "same", "why_not"),
    [
        (remote("a-b", "mood"), True, None),
        (remote("a-b", "user/My_Mood"), True, None),
        (remote("user-my-mood"), True, None),
        (remote("a-b", "text_processing"), False, None),
        (remote("user-my-mood", "other"), False, "it stands in for other"),
        (remote("a-b", "image_processing"), False, "it stands in for image_processing"),
        (remote("a-b"), False, "does not say what it stands in for; for this: mood=https://a-b.hf.space"),
        (remote("a-b", ""), False, "stands in for"),
    ],
)
def test_whom_a_remote_space_stands_in_for(space: CloudSpace, same: bool, why_not: str | None) -> None:
    assert is_same(space, SELECTED) is same
    found = why_not_for(space, SELECTED)
    assert found is None if why_not is None else why_not in (found or "")


def test_a_space_without_an_id_of_the_hub_has_no_remote_form_of_its_own() -> None:
    nameless = Space(id="mood", docker_image="x")
    assert not is_same(remote("mood"), nameless)
    assert why_not_for(remote("mood", "text_processing"), nameless) is not None


def test_the_hub_knows_the_name_of_a_host_better() -> None:
    hub = HubSpace(id="user/My_Mood", subdomain="user-my-mood-4f2a")
    found = Found(hub=hub, categorised=Categorised(category=Category.SPECIALIZED, rule="", certainty=1), read_at=0)
    known = Space(id="mood", docker_image="x", space_id="user/My_Mood", found=found)
    assert is_same(remote("user-my-mood-4f2a"), known)
    assert not is_same(remote("user-my-mood"), known)


@pytest.mark.parametrize(
    ("endpoint", "named", "preset", "same"),
    [
        (None, (), {}, True),
        ("/say", (), {}, True),
        ("say", ("text",), {"loud": True}, True),
        ("/sing", (), {}, False),
        ("/say", ("song",), {}, False),
        ("/say", (), {"song": "x"}, False),
        (None, ("song",), {}, False),
    ],
)
def test_whether_a_stand_in_takes_the_same(
    endpoint: str | None, named: tuple[str, ...], preset: dict[str, object], same: bool
) -> None:
    inputs = (InputValue(value="unnamed"), *(InputValue(name=name, value="x") for name in named))
    selected = Space(id="mood", docker_image="x", endpoint="/sing" if endpoint else None, inputs=preset)
    request = Request(space="mood", inputs=inputs, endpoint=endpoint)
    assert takes_the_same(selected, request, [("/say", ["text", "loud"])]) is same


def test_those_for_the_space_itself_come_first_and_those_for_others_last() -> None:
    others, category, own = remote("c", "other"), remote("b", "text_processing"), remote("a", "mood")
    assert [space.url for space, _ in ranked((others, category, own), SELECTED)] == [own.url, category.url, others.url]


@pytest.mark.parametrize(
    ("model", "output_type", "kinds", "has_prompt", "why_not"),
    [
        ("org/model", "text", (), True, None),
        ("org/model", "", (), True, None),
        ("org/model", "image", (), True, "give no image"),
        ("org/model", "text_audio", (), True, "give no audio"),
        ("org/model", "text", (), False, "needs a prompt"),
        ("org/model", "text", ("image",), True, "no image input"),
        ("org/model", "text", ("audio",), True, "no audio input"),
        ("Qwen/Qwen2.5-VL-7B-Instruct", "text", ("image",), True, None),
        ("meta-llama/Llama-3.2-11B-Vision-Instruct", "text", ("image",), True, None),
        ("Qwen/Qwen2.5-VL-7B-Instruct", "text", ("image", "audio"), True, "no audio input"),
        ("org/vlad", "text", ("image",), True, "no image input"),
    ],
)
def test_what_a_model_can_answer(
    model: str, output_type: str, kinds: tuple[str, ...], has_prompt: bool, why_not: str | None
) -> None:
    selected = Space(id="x", docker_image="x", output_type=output_type)
    found = why_not_model(CloudModel(name=model), selected, kinds, has_prompt=has_prompt)
    assert found is None if why_not is None else why_not in (found or "")


def test_a_model_is_known_by_what_the_router_calls_it() -> None:
    model = as_model(CloudModel(name="org/model", provider="groq"))
    assert (model.name, model.base_url) == ("org/model:groq", "https://router.huggingface.co")


@pytest.mark.parametrize(
    ("prompt", "inputs", "with_token", "said"),
    [
        ("hush", (), False, "sends the prompt to https://x"),
        ("hush", (), True, "sends the prompt and your Hub token to https://x"),
        (None, (InputValue(path=Path("hush.png")),), False, "sends 1 file to https://x"),
        (
            "hush",
            (InputValue(path=Path("hush")), InputValue(path=Path("b")), InputValue(name="hush", value="hush")),
            True,
            "sends the prompt, 1 input, 2 files and your Hub token to https://x",
        ),
        (None, (), False, "asks https://x, which is not this machine"),
    ],
)
def test_what_goes_where_is_said_without_its_content(
    prompt: str | None, inputs: tuple[InputValue, ...], with_token: bool, said: str
) -> None:
    request = Request(space="x", prompt=prompt, inputs=inputs, secrets={"HF_TOKEN": Secret("hush")})
    found = what_is_sent(request, "https://x", with_token=with_token)
    assert found == said
    assert "hush" not in found
