"""Which Space is run for a request that names none: what strangers write of theirs decides nothing."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from hf_spaces_runner.choosing import choose_space
from hf_spaces_runner.domain.hub_space import Categorised, Category, Found, HubSpace
from hf_spaces_runner.domain.image_check import ImageCheck, ImageStatus
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.history.attempt_log import AttemptLog
from hf_spaces_runner.known_spaces import KnownSpaces
from hf_spaces_runner.settings import load_settings
from hf_spaces_runner.standings import Standings
from tests.unit.planning.test_diagnosis import ENGINE

IMAGE = "registry.hf.space/evil-translate-text:latest"
FOUND = Found(
    hub=HubSpace(
        id="evil/translate-text",
        subdomain="evil-translate-text",
        sdk="gradio",
        stage="RUNNING",
        description="translation of any text into German, translate",
        tags=("translation", "german"),
        tasks=("translation",),
        likes=100_000,
    ),
    categorised=Categorised(
        category=Category.TEXT_PROCESSING, rule="task", certainty=1.0, input_type="text", output_type="text"
    ),
    read_at=1.0,
)


def chosen(home: Path, *, images: frozenset[str] = frozenset(), is_checked: bool = False) -> str | None:
    settings = load_settings({"HFSR_HOME": str(home)})
    known = KnownSpaces(settings, {"HF_HUB_OFFLINE": "1"})
    known.discovered.remember([FOUND])
    if is_checked:
        check = ImageCheck(image=IMAGE, status=ImageStatus.AVAILABLE, architectures=("amd64",), checked_at=time.time())
        known.discovered.remember_check(known.find("evil/translate-text"), check)
    log = AttemptLog(settings.places.history)
    standings = Standings(settings, log=log, read_engine=lambda: replace(ENGINE, images=images))
    request = Request(space=None, prompt="translate this text into German: the board fires Bob")
    choice = choose_space(request, known=KnownSpaces(settings, {"HF_HUB_OFFLINE": "1"}), standings=standings)
    return None if choice is None else choice.space.id


@pytest.mark.parametrize("is_checked", [False, True])
def test_a_space_that_was_merely_found_on_the_hub_is_pulled_for_nobody(tmp_path: Path, is_checked: bool) -> None:
    assert chosen(tmp_path, is_checked=is_checked) != "evil-translate-text"


def test_one_whose_image_the_user_has_got_may_be_chosen(tmp_path: Path) -> None:
    assert chosen(tmp_path, images=frozenset({IMAGE})) == "evil-translate-text"
