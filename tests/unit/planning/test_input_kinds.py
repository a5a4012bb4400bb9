import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.planning.input_kinds import kind_of_file, takes_only


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("photo.jpg", "image"),
        ("PHOTO.JPEG", "image"),
        ("a.png", "image"),
        ("talk.wav", "audio"),
        ("talk.mp3", "audio"),
        ("clip.mp4", "video"),
        ("notes.txt", "text"),
        ("table.csv", "text"),
        ("model.bin", None),
        ("paper.pdf", None),
        ("data.json", None),
        ("README", None),
        ("", None),
        (".png", None),
        ("photo.jpg.gz", "image"),
    ],
)
def test_the_name_tells_the_kind(name: str, kind: str | None) -> None:
    assert kind_of_file(name) == kind


@pytest.mark.parametrize(
    ("input_type", "kinds"),
    [
        ("text", {"text"}),
        ("audio", {"audio", "video"}),
        ("image", {"image"}),
        ("video", {"video"}),
        ("text_and_image", {"text", "image"}),
        ("Image-and-Audio", {"image", "audio", "video"}),
        ("image_or_file", None),
        ("file", None),
        ("json", None),
        ("anything at all", None),
        ("", None),
    ],
)
def test_what_a_space_takes(input_type: str, kinds: set[str] | None) -> None:
    assert takes_only(input_type) == kinds


@given(st.text(max_size=50))
def test_any_text_has_a_kind_or_none(text: str) -> None:
    assert kind_of_file(text) in {None, "image", "audio", "video", "text"}
    assert takes_only(text) is None or takes_only(text)
