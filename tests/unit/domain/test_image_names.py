"""Image references: taken apart, put together, told from Spaces, moved to another image registry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.domain.image_names import (
    ImageName,
    image_of_space,
    is_image_reference,
    split_image_reference,
    subdomain_of,
    with_image_registry,
)

DIGEST = "sha256:" + "0123456789abcdef" * 4
PART = st.from_regex(r"[a-z0-9]{1,8}((\.|_|__|-{1,3})[a-z0-9]{1,8}){0,2}", fullmatch=True)
HOST = st.sampled_from(["localhost", "localhost:5000", "registry.hf.space", "127.0.0.1:32768", "a-b.example:443"])
TAG = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("registry.hf.space/a-b:latest", ("registry.hf.space", "a-b", "latest", None)),
        ("registry.hf.space/a-b", ("registry.hf.space", "a-b", None, None)),
        (f"127.0.0.1:5000/a/b@{DIGEST}", ("127.0.0.1:5000", "a/b", None, DIGEST)),
        (f"localhost/a:1@{DIGEST}", ("localhost", "a", "1", DIGEST)),
        ("python:3.11-slim", (None, "python", "3.11-slim", None)),
        ("hf-spaces-runner/base:bookworm", (None, "hf-spaces-runner/base", "bookworm", None)),
        ("[::1]:5000/a:b", ("[::1]:5000", "a", "b", None)),
    ],
)
def test_a_reference_is_split(reference: str, parts: tuple[str | None, str, str | None, str | None]) -> None:
    image = split_image_reference(reference)
    assert (image.host, image.name, image.tag, image.digest) == parts
    assert str(image) == reference


@given(host=st.none() | HOST, parts=st.lists(PART, min_size=1, max_size=3), tag=st.none() | TAG, digest=st.booleans())
def test_what_is_joined_splits_into_the_same(host: str | None, parts: list[str], tag: str | None, digest: bool) -> None:
    if host is None and len(parts) > 1 and "." in parts[0]:
        host = "example.org"  # a first part with a dot is a host, by the grammar
    image = ImageName(host=host, name="/".join(parts), tag=tag, digest=DIGEST if digest else None)
    assert split_image_reference(str(image)) == image


@given(st.text())
def test_any_text_is_split_or_refused(text: str) -> None:
    try:
        image = split_image_reference(text)
    except ValueError:
        return
    assert str(image) == text


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("", "cannot be in an image name"),
        ("registry.hf.space/", "cannot be in an image name"),
        ("registry.hf.space/OpenAI/clip", "upper case"),
        ("registry.hf.space/a b", "cannot be in an image name"),
        ("registry.hf.space/a:", "is not a tag"),
        ("registry.hf.space/a:-x", "is not a tag"),
        ("registry.hf.space/a:" + "x" * 129, "is not a tag"),
        ("registry.hf.space/a@sha256:12", "is not a digest"),
        ("registry.hf.space/a@", "is not a digest"),
        ("-bad.host/a", "is not a host"),
        ("https://registry.hf.space/a", "is not a host"),
        ("registry.hf.space/../a", "cannot be in an image name"),
        ("registry.hf.space/" + "a" * 250, "255"),
        ("registry.hf.space/a\n", "cannot be in an image name"),
    ],
)
def test_a_wrong_reference_says_what_is_wrong(reference: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        split_image_reference(reference)


@pytest.mark.parametrize(
    ("text", "is_image"),
    [
        ("registry.hf.space/user-name", True),
        ("localhost/name", True),
        ("127.0.0.1:5000/name", True),
        ("python:3.11", True),
        (f"name@{DIGEST}", True),
        ("user/name", False),
        ("OpenAI/clip.v2", False),
        ("vader-sentiment", False),
        ("clip.v2", False),
        ("https://huggingface.co/spaces/user/name", False),
        ("", False),
    ],
)
def test_images_are_told_from_spaces(text: str, is_image: bool) -> None:
    assert is_image_reference(text) is is_image


def test_the_image_of_a_space() -> None:
    assert subdomain_of("OpenAI/CLIP_v1.5") == "openai-clip-v1-5"
    assert image_of_space("OpenAI/CLIP", "registry.hf.space") == "registry.hf.space/openai-clip:latest"
    assert image_of_space("a/b", "127.0.0.1:5000") == "127.0.0.1:5000/a-b:latest"


def test_only_the_hubs_image_registry_is_replaced() -> None:
    assert with_image_registry("registry.hf.space/a-b:latest", "127.0.0.1:5000") == "127.0.0.1:5000/a-b:latest"
    assert with_image_registry(f"registry.hf.space/a-b@{DIGEST}", "mirror.example") == f"mirror.example/a-b@{DIGEST}"
    assert with_image_registry("ghcr.io/a/b:1", "127.0.0.1:5000") == "ghcr.io/a/b:1"
    assert with_image_registry("python:3.11", "127.0.0.1:5000") == "python:3.11"
    with pytest.raises(ValueError, match="is not a tag"):
        with_image_registry("registry.hf.space/a:", "127.0.0.1:5000")
