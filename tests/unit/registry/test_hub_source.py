"""The words that name the source of a Space on the Hub, and the Space that is made of it."""

from pathlib import Path

import pytest

from hf_spaces_runner.domain.hub_source import FetchedSource, HubCommit
from hf_spaces_runner.domain.space_source import word_for
from hf_spaces_runner.errors import UnknownSpaceError, UsageError
from hf_spaces_runner.registry.hub_source import read_hub_word, space_of_hub_source

SHA = "0123456789abcdef0123456789abcdef01234567"
HUB = "https://huggingface.co"


@pytest.mark.parametrize(
    ("word", "reference"),
    [
        ("you/tiny", "hub:you/tiny@main"),
        (" you/tiny ", "hub:you/tiny@main"),
        ("hub:you/tiny@dev", "hub:you/tiny@dev"),
        ("you/tiny@v1.0", "hub:you/tiny@v1.0"),
        ("you/tiny@feature/x-1", "hub:you/tiny@feature/x-1"),
        ("you/tiny@refs/pr/3", "hub:you/tiny@refs/pr/3"),
        (f"you/tiny@{SHA}", f"hub:you/tiny@{SHA}"),
        ("You.2/a_b-c.d", "hub:You.2/a_b-c.d@main"),
        ("https://huggingface.co/spaces/you/tiny", "hub:you/tiny@main"),
        ("huggingface.co/spaces/you/tiny/", "hub:you/tiny@main"),
        ("https://hf.co/spaces/you/tiny?x=1#y", "hub:you/tiny@main"),
        ("https://huggingface.co/spaces/you/tiny@dev", "hub:you/tiny@dev"),
        ("https://huggingface.co/spaces/you/tiny/tree/dev/src", "hub:you/tiny@dev"),
        ("https://huggingface.co/spaces/you/tiny/tree/refs%2Fpr%2F3", "hub:you/tiny@refs/pr/3"),
        (f"https://huggingface.co/spaces/you/tiny/blob/{SHA}/app.py", f"hub:you/tiny@{SHA}"),
    ],
)
def test_words_that_name_a_source(word: str, reference: str) -> None:
    assert str(read_hub_word(word)) == reference
    assert read_hub_word(reference).is_pinned is (SHA in word)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("", "is empty"),
        ("hub:", "is empty"),
        ("you", "is no id of a Space"),
        ("you/", "is no id of a Space"),
        ("you/a/b", "is no id of a Space"),
        ("you/a--b", "is no id of a Space"),
        ("you/..", "is no id of a Space"),
        ("../tiny", "is no id of a Space"),
        ("you/a b", "is no id of a Space"),
        (f"you/{'a' * 97}", "is no id of a Space"),
        ("you/tiny@", "no revision stands behind the @"),
        ("you/tiny@a..b", "is no revision"),
        ("you/tiny@-x", "is no revision"),
        ("you/tiny@a b", "is no revision"),
        ("https://huggingface.co/you/tiny", "is not the address of a Space"),
        ("https://huggingface.co/datasets/you/tiny", "is the address of a dataset"),
        ("https://huggingface.co/spaces/you", "is no id of a Space"),
        ("https://huggingface.co", "is not the address of a Space"),
        ("https://example.org/spaces/you/tiny", "is not the address of a Space"),
        ("ftp://huggingface.co/spaces/you/tiny", "is not the address of a Space"),
        ("https://you-tiny.hf.space", "is where the Space runs"),
        ("https://[huggingface.co/spaces/you/tiny", "is not an address"),
        ("https://huggingface.co/spaces/you/%2e%2e", "is no id of a Space"),
    ],
)
def test_words_that_name_none(word: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        read_hub_word(word)
    assert caught.value.hint
    assert "\n" not in caught.value.message


def source(folder: Path, hub_id: str = "you/tiny") -> FetchedSource:
    return FetchedSource(commit=HubCommit(hub_id=hub_id, sha=SHA, revision="main"), folder=folder)


def test_the_space_of_a_source_is_a_strangers_and_shares_nothing_with_one_of_that_name(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("---\nsdk: docker\napp_port: 8000\ntitle: Tiny\n---\n")
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    space = space_of_hub_source(source(tmp_path, "vader/sentiment"), HUB)
    assert (space.status, space.origin, space.space_id) == ("unverified", "hub", "vader/sentiment")
    assert (space.port, space.source, space.description) == (8000, tmp_path, "Tiny")
    assert space.id.startswith("vader-sentiment-")
    assert space.docker_image == f"hf-spaces-runner/{space.id}:latest"
    assert space_of_hub_source(source(tmp_path, "Vader/Sentiment"), HUB).id == space.id
    assert space_of_hub_source(source(tmp_path, "vader/sentiment"), "http://elsewhere").id != space.id
    assert word_for(space) == f"hub:vader/sentiment@{SHA}"


def test_files_that_are_no_space_are_refused(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("")
    with pytest.raises(UnknownSpaceError, match=r"has no README\.md"):
        space_of_hub_source(source(tmp_path), HUB)
