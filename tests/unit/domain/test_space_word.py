"""How people name a Space of a folder."""

from dataclasses import replace
from pathlib import Path

from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.domain.space_source import FOLDER_ORIGIN, word_for

SPACE = Space(id="moods-1a2b3c4d", docker_image="hf-spaces-runner/moods-1a2b3c4d:latest")


def test_one_of_a_folder_is_named_by_that() -> None:
    found = replace(SPACE, source=Path("/home/a b/moods"), origin=FOLDER_ORIGIN)
    assert word_for(found) == "'/home/a b/moods'"


def test_any_other_is_named_by_its_id() -> None:
    assert word_for(replace(SPACE, source=Path("/home/moods"), origin="/home/registry.yaml")) == "moods-1a2b3c4d"
