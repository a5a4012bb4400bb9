"""The words of `hfsr run`: a prompt, or the folder of a Space and a prompt."""

from pathlib import Path

import pytest

from hf_spaces_runner.cli.folder_word import space_and_prompt
from hf_spaces_runner.errors import UsageError


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my space").mkdir()
    (tmp_path / "my space" / "README.md").write_text("x")
    (tmp_path / "notes").mkdir()


@pytest.mark.parametrize(
    ("first", "second", "space", "means"),
    [
        (None, None, None, (None, None)),
        ("I love it", None, None, (None, "I love it")),
        ("I love it", None, "vader", ("vader", "I love it")),
        ("my space", "I love it", None, ("my space", "I love it")),
        ("my space", None, None, ("my space", None)),
        # Named already: then it is a prompt, whatever lies here.
        ("my space", None, "vader", ("vader", "my space")),
        # Neither a prompt nor there: what finds the Space says so.
        ("./nowhere", "x", None, ("./nowhere", "x")),
        ("notes", None, None, (None, "notes")),
        ("./notes", None, None, ("./notes", None)),
        ("../ is the folder above", None, None, (None, "../ is the folder above")),
        (".", None, None, (None, ".")),
        ("-", None, "vader", ("vader", "-")),
    ],
)
def test_words(first: str | None, second: str | None, space: str | None, means: tuple[str | None, str | None]) -> None:
    assert space_and_prompt(first, second, space) == means


@pytest.mark.parametrize(("first", "space"), [("I", None), ("notes", None), ("my space", "vader")])
def test_two_prompts_are_refused(first: str, space: str | None) -> None:
    with pytest.raises(UsageError, match="unexpected extra argument 'love it'") as caught:
        space_and_prompt(first, "love it", space)
    assert caught.value.hint
