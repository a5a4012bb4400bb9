"""Which model answers: the named one, else the first that can."""

import pytest

from hf_spaces_runner.domain.model import Model, ModelPlace
from hf_spaces_runner.planning.choose_model import choose_model, misfit


def model(name: str, *, sees: bool = False, loaded: bool = False) -> Model:
    return Model(name=name, place=ModelPlace.SERVER, takes_images=sees, is_loaded=loaded)


BLIND = "it takes no image input, as far as its server says"
TEXT, SEES, LOADED = model("text"), model("sees:latest", sees=True), model("loaded", loaded=True)


@pytest.mark.parametrize(
    ("models", "name", "kinds", "chosen", "reason"),
    [
        ([TEXT, SEES], None, [], "text", "the first that fits"),
        ([TEXT, SEES, LOADED], None, [], "loaded", "the first that is loaded and fits"),
        ([TEXT, SEES, LOADED], None, ["image"], "sees:latest", "the first that fits"),
        ([TEXT, LOADED], "text", [], "text", "the settings name it"),
        ([TEXT, SEES], "sees", [], "sees:latest", "the settings name it"),
        ([TEXT, SEES], "other", [], "text", "the first that fits; no server has other, which the settings name"),
        (
            [TEXT, SEES],
            "text",
            ["image"],
            "sees:latest",
            f"the first that fits; not text, which the settings name: {BLIND}",
        ),
        ([], None, [], None, "no model was found"),
        ([TEXT], None, ["image"], None, f"text: {BLIND}"),
        ([TEXT, LOADED], None, ["image"], None, "none of 2 models takes image input"),
        ([SEES, TEXT], None, ["image", "audio"], None, "none of 2 models takes audio and image input"),
    ],
)
def test_which_model_is_chosen(
    models: list[Model], name: str | None, kinds: list[str], chosen: str | None, reason: str
) -> None:
    choice = choose_model(models, name=name, file_kinds=kinds)
    assert (choice.model.name if choice.model else None, choice.reason) == (chosen, reason)


def test_without_a_prompt_no_model_answers() -> None:
    assert choose_model([SEES], file_kinds=["image"], has_prompt=False).model is None
    assert choose_model([SEES, TEXT], has_prompt=False).reason == "models need a prompt, and there is none"


@pytest.mark.parametrize(
    ("kinds", "why"), [([], None), (["image"], None), (["video", "audio"], "it takes no audio or video input")]
)
def test_what_a_model_takes(kinds: list[str], why: str | None) -> None:
    assert misfit(SEES, kinds) == why
