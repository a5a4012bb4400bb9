"""What the user writes for the cloud is read strictly: over https, and only hosts of Spaces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.domain.cloud import CloudModel, CloudSpace, cloud_model, cloud_provider, cloud_space
from hf_spaces_runner.planning.cloud_token import may_see_token


@pytest.mark.parametrize(
    ("text", "url", "stands_for"),
    [
        ("https://user-mood.hf.space", "https://user-mood.hf.space", None),
        (" HTTPS://User-Mood.HF.Space/ ", "https://user-mood.hf.space", None),
        ("vader-sentiment=https://user-mood.hf.space", "https://user-mood.hf.space", "vader-sentiment"),
        ("user/Mood = https://user-mood.hf.space", "https://user-mood.hf.space", "user/Mood"),
        ("image_processing=https://a.hf.space", "https://a.hf.space", "image_processing"),
    ],
)
def test_a_remote_space(text: str, url: str, stands_for: str | None) -> None:
    read = cloud_space(text)
    assert read == CloudSpace(url=url, stands_for=stands_for)
    assert cloud_space(str(read)) == read
    assert read.subdomain == url[8:].partition(".")[0]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "user-name"),
        ("user/name", "user-name"),
        ("http://user-mood.hf.space", "over https"),
        ("mood=http://user-mood.hf.space", "over https"),
        ("https://huggingface.co/spaces/user/mood", "user-name"),
        ("https://user-mood.hf.space/path", "user-name"),
        ("https://user-mood.hf.space?x=1", "user-name"),
        ("https://user-mood.hf.space:8443", "user-name"),
        ("https://user@user-mood.hf.space", "user-name"),
        ("https://hf.space", "user-name"),
        ("https://a.b.hf.space", "user-name"),
        ("https://user-mood.hf.space.evil.com", "user-name"),
        ("https://127.0.0.1", "user-name"),
        ("=https://user-mood.hf.space", "user-name"),
        ("a b=https://user-mood.hf.space", "user-name"),
        ("a=b=https://user-mood.hf.space", "user-name"),
        ("https://ůser.hf.space", "user-name"),
        ("https://user-mood.hf.space\x1b", "user-name"),
        ("x" * 1000 + "=https://user-mood.hf.space", "user-name"),
    ],
)
def test_what_is_none(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        cloud_space(text)


@given(st.text(alphabet=st.sampled_from("aZ9-._/:@=#?\\ hftpspace"), max_size=40))
def test_whatever_is_read_may_see_a_token(text: str) -> None:
    for written in (text, f"https://{text}.hf.space", f"x=https://{text}"):
        try:
            read = cloud_space(written)
        except ValueError:
            continue
        assert may_see_token(read.url)


@pytest.mark.parametrize(("text", "name"), [("org/model", "org/model"), (" Qwen/Qwen3-8B.x_y ", "Qwen/Qwen3-8B.x_y")])
def test_a_model(text: str, name: str) -> None:
    assert cloud_model(text) == name


@pytest.mark.parametrize(
    "text", ["", "model", "a/b/c", "/b", "a/", "a/b:groq", "https://x/y", "a/b\nc", "a b/c", "\u017fa/b"]
)
def test_what_is_no_model(text: str) -> None:
    with pytest.raises(ValueError, match="user/name"):
        cloud_model(text)


def test_a_provider() -> None:
    assert cloud_provider(" fal-ai ") == "fal-ai"
    for text in ("", "A", "a b", "a/b", "a:b", "a\nb"):
        with pytest.raises(ValueError, match="one word"):
            cloud_provider(text)


def test_the_router_is_told_which_provider() -> None:
    assert CloudModel(name="a/b").routed == "a/b"
    assert CloudModel(name="a/b", provider="cheapest").routed == "a/b:cheapest"
