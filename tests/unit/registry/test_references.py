import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.errors import UnknownSpaceError
from hf_spaces_runner.registry.references import find_space
from hf_spaces_runner.registry.registry import Registry

HUB = "registry.hf.space"


def known(space_id: str, image: str, hub_id: str | None = None) -> Space:
    return Space(id=space_id, docker_image=image, space_id=hub_id, origin="given")


CLIP = known("clip-analysis", f"{HUB}/openai-clip:latest", "OpenAI/Clip")
REGISTRY = Registry.of(
    CLIP,
    known("vader-sentiment", "hf-spaces-runner/vader-sentiment:latest"),
    known("face-detection", "hf-spaces-runner/face-detection:latest"),
    known("sphinx-transcription", "hf-spaces-runner/sphinx-transcription:latest"),
)
EMPTY = Registry.of()


def find(reference: str, registry: Registry = REGISTRY) -> Space:
    return find_space(reference, registry, HUB)


@pytest.mark.parametrize(
    "reference",
    [
        "clip-analysis",
        " clip-analysis ",
        "OpenAI/Clip",
        "openai/clip",
        "https://huggingface.co/spaces/OpenAI/Clip",
        "https://huggingface.co/spaces/openai/clip/",
        "https://huggingface.co/spaces/openai/clip/tree/main?x=1#top",
        "HTTPS://HuggingFace.co/spaces/openai/clip",
        "http://huggingface.co/spaces/openai/clip",
        "https://www.huggingface.co/spaces/openai/clip",
        "https://hf.co/spaces/openai/clip",
        "https://huggingface.co:443/spaces/openai/clip",
        "huggingface.co/spaces/openai/clip",
        "hf.co/spaces/openai/clip",
        "https://openai-clip.hf.space",
        "https://openai-clip.hf.space/",
        "https://OpenAI-Clip.hf.space/?__theme=dark",
        "openai-clip.hf.space",
        "openai-clip.hf.space/",
        f"{HUB}/openai-clip:latest",
        f"{HUB}/openai-clip",
    ],
)
def test_all_forms_lead_to_the_entry(reference: str) -> None:
    assert find(reference) == CLIP


@pytest.mark.parametrize(
    ("reference", "space_id", "image", "hub_id"),
    [
        ("user/name", "user-name", f"{HUB}/user-name:latest", "user/name"),
        ("User/My_Space.v2", "user-my-space-v2", f"{HUB}/user-my-space-v2:latest", "User/My_Space.v2"),
        ("https://hf.co/spaces/user/name", "user-name", f"{HUB}/user-name:latest", "user/name"),
        ("https://user-name.hf.space", "user-name", f"{HUB}/user-name:latest", None),
        ("ghcr.io/some/app:v1", "some-app", "ghcr.io/some/app:v1", None),
        ("localhost:5000/app", "app", "localhost:5000/app", None),
        ("localhost/app", "app", "localhost/app", None),
        ("127.0.0.1:5000/a/b@sha256:" + "0" * 64, "a-b", "127.0.0.1:5000/a/b@sha256:" + "0" * 64, None),
        ("app:v1", "app", "app:v1", None),
    ],
)
def test_what_the_registry_does_not_know_is_made_up_from_the_reference(
    reference: str, space_id: str, image: str, hub_id: str | None
) -> None:
    for registry in (REGISTRY, EMPTY):
        space = find(reference, registry)
        assert (space.id, space.docker_image, space.space_id) == (space_id, image, hub_id)
        assert (space.origin, space.source, space.cap_add) == ("reference", None, ())


def test_another_image_registry_holds_what_is_made_up() -> None:
    assert find_space("user/name", EMPTY, "localhost:5000").docker_image == "localhost:5000/user-name:latest"
    assert (
        find_space("https://user-name.hf.space", EMPTY, "localhost:5000").docker_image
        == "localhost:5000/user-name:latest"
    )


def test_the_image_of_a_space_that_is_built_here_is_not_its_entry() -> None:
    built = Space(id="own", docker_image="me/own:latest", source=Path(__file__))
    space = find("me/own:latest", Registry.of(built))
    assert (space.source, space.origin) == (None, "reference")


@pytest.mark.parametrize(
    ("reference", "nearest"),
    [
        ("vader-sentimnt", "vader-sentiment"),
        ("Vader-Sentiment", "vader-sentiment"),
        ("face", "face-detection"),
        ("clip", "clip-analysis"),
    ],
)
def test_an_unknown_id_is_refused_with_the_three_nearest(reference: str, nearest: str) -> None:
    with pytest.raises(UnknownSpaceError) as caught:
        find(reference)
    named = caught.value.message.partition("nearest: ")[2].split(", ")
    assert len(named) == 3
    assert named[0] == nearest
    assert caught.value.exit_code == 3
    assert caught.value.hint


@pytest.mark.parametrize(("name", "shown"), [("myspace", "./myspace"), ("my space", "'./my space'")])
def test_the_name_of_a_folder_with_a_space_in_it_is_no_id(
    name: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).mkdir()
    with pytest.raises(UnknownSpaceError) as caught:
        find(name)
    assert caught.value.hint == UnknownSpaceError.hint
    (tmp_path / name / "README.md").touch()
    with pytest.raises(UnknownSpaceError) as caught:
        find(name)
    assert caught.value.hint == f"did you mean {shown}? There is a folder of that name here"


def test_an_empty_registry_has_no_nearest() -> None:
    with pytest.raises(UnknownSpaceError, match="no Space 'x' in the registry, which is empty"):
        find("x", EMPTY)


@pytest.mark.parametrize(
    "reference",
    [
        "",
        " ",
        "/",
        "a/",
        "/a",
        "a/b/c",
        "-a/b",
        "user/naïve",
        "user/name_",
        "user/name.",
        "u/" + "x" * 300,
        "x" * 100_000,
        "https://",
        "https:///spaces/a/b",
        "https://[::1/spaces/a/b",
        "https://huggingface.co",
        "https://huggingface.co/user/model",
        "https://huggingface.co/datasets/user/name",
        "https://huggingface.co/spaces/user",
        "https://huggingface.co/spaces/user/na%20me",
        "https://huggingface.co/spaces/../etc",
        "https://huggingface.co.evil.example/spaces/a/b",
        "https://evil.example/spaces/a/b",
        "https://a.b.hf.space",
        "https://hf.space",
        "https://.hf.space",
        "https://-x.hf.space",
        f"https://{HUB}/openai-clip:latest",
        "ftp://huggingface.co/spaces/a/b",
        "file:///etc/passwd",
        "javascript://huggingface.co/spaces/a/b",
        "registry.hf.space/Upper:latest",
        "registry.hf.space/",
        "host.example/name:",
        "host.example/name:tag@sha256:abc",
        "host.example:port/name",
        "name with spaces",
        "vader\x1b[31m",
        "a\x00b/c",
        "--privileged",
        "../../etc/passwd",
        "~/space",
        "\ud800/x",
        "\ud800",
    ],
)
def test_nonsense_is_no_space(reference: str) -> None:
    with pytest.raises(UnknownSpaceError) as caught:
        find(reference)
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 1000


@given(
    st.one_of(
        st.text(max_size=40),
        st.text(string.ascii_letters + string.digits + "/:.@-_[]%?#~ ", max_size=40),
        st.text(string.ascii_letters + "/.-[]:@", max_size=20).map(
            lambda path: f"https://huggingface.co/spaces/{path}"
        ),
        st.text(string.ascii_letters + "/.-[]:@", max_size=20).map(lambda host: f"https://{host}.hf.space"),
    )
)
def test_any_text_is_a_space_whose_image_has_a_name_or_none(reference: str) -> None:
    try:
        space = find(reference)
    except UnknownSpaceError as error:
        assert error.message.isprintable()  # noqa: PT017 - which of both it is depends on the text
    else:
        assert space.id
        assert space.docker_image.isprintable()
        assert " " not in space.docker_image
