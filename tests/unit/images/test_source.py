"""Where an image comes from: its folder is checked, a Dockerfile is read, and no base image is got without need."""

from pathlib import Path

import pytest

from hf_spaces_runner.domain.image import ImageSource
from hf_spaces_runner.domain.space import Sdk, Space
from hf_spaces_runner.domain.space_source import FOLDER_ORIGIN
from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.images.source import find_image_source
from hf_spaces_runner.registry.snapshot import Snapshots

README = "---\nsdk: docker\n---\n"


def folder(tmp_path: Path, dockerfile: bytes | None, readme: str = README) -> Path:
    (tmp_path / "README.md").write_text(readme)
    if dockerfile is not None:
        (tmp_path / "Dockerfile").write_bytes(dockerfile)
    return tmp_path


def image_source(
    source: Path,
    asked: list[str],
    port: int = 7860,
    *,
    sdk: Sdk = Sdk.DOCKER,
    origin: str = "reference",
    here: str | None = None,
) -> ImageSource:
    def base_image(python_version: str) -> str:
        asked.append(python_version)
        return "our-base:1"

    return find_image_source(
        Space(id="x", docker_image="hf-spaces-runner/x:latest", sdk=sdk, port=port, source=source, origin=origin),
        image_registry="registry.hf.space",
        ca_bundle=None,
        snapshots=Snapshots(source / "cache"),
        base_image=base_image,
        base_here=lambda _: here,
    )


@pytest.mark.parametrize(
    ("dockerfile", "base", "asked"),
    [(b"ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n", "our-base:1", ["3.11"]), (b"FROM debian:12\n", "debian:12", [])],
)
def test_a_base_image_is_got_where_the_dockerfile_asks_for_it(
    tmp_path: Path, dockerfile: bytes, base: str, asked: list[str]
) -> None:
    found: list[str] = []
    source = image_source(folder(tmp_path, dockerfile), found)
    assert source.build is not None
    assert (source.reference, source.build.base_image, found) == (source.build.tag, base, asked)
    assert dockerfile.decode() in source.build.dockerfile.replace('LABEL hf-spaces-runner.built="unfinished"\n', "")


def test_no_base_image_is_got_where_one_that_will_do_is_here(tmp_path: Path) -> None:
    found: list[str] = []
    source = image_source(folder(tmp_path, b"ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n"), found, here="here:1")
    assert source.build is not None
    assert (source.build.base_image, found) == ("here:1", [])


@pytest.mark.parametrize(
    ("dockerfile", "message"),
    [
        (None, r"README\.md:2:1: sdk: .*no Dockerfile"),
        (b"FROM \xff\n", r"Dockerfile:1:1: is not UTF-8 \(byte 5\)"),
        (b"#" * (64 * 1024 + 1), r"Dockerfile:1:1: is larger than 64 KiB"),
        (b"ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCMD x \\", r"Dockerfile:3:1: the file ends"),
    ],
)
def test_a_dockerfile_that_cannot_be_used(tmp_path: Path, dockerfile: bytes | None, message: str) -> None:
    with pytest.raises(InvalidRegistryError, match=message) as caught:
        image_source(folder(tmp_path, dockerfile), [])
    assert caught.value.hint


@pytest.mark.parametrize(
    ("readme", "packages", "message"),
    [
        ("---\nsdk: gradio\nsdk_version: 5.49.1\napp_file: gone.py\n---\n", "", "there is no 'gone.py' here"),
        ("---\nsdk: gradio\nsdk_version: 5.49.1\n---\n", "curl;rm", "is not the name of a Debian package"),
        ("---\nsdk: static\napp_file: gone.html\n---\n", "", "there is no 'gone.html' here"),
    ],
)
def test_no_base_image_is_got_for_what_cannot_be_built(
    tmp_path: Path, readme: str, packages: str, message: str
) -> None:
    (tmp_path / "app.py").touch()
    (tmp_path / "packages.txt").write_text(packages)
    asked: list[str] = []
    with pytest.raises(InvalidRegistryError, match=message):
        image_source(folder(tmp_path, None, readme), asked, sdk=Sdk.GRADIO)
    assert asked == []


def test_a_link_out_of_the_folder_is_no_dockerfile(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("FROM debian\n")
    space = tmp_path / "space"
    space.mkdir()
    folder(space, None)
    (space / "Dockerfile").symlink_to("../outside")
    with pytest.raises(InvalidRegistryError, match="no Dockerfile"):
        image_source(space, [])


def test_the_port_of_the_front_matter_is_the_port(tmp_path: Path) -> None:
    source = folder(tmp_path, b"FROM debian\n", README.replace("docker\n", "docker\napp_port: 8000\n"))
    assert image_source(source, [], port=8000).build is not None
    with pytest.raises(InvalidRegistryError, match=r"README\.md:3:1: app_port: .*port 8000, .* says 7860"):
        image_source(source, [], port=7860)


def test_a_streamlit_space_listens_where_the_hub_has_it(tmp_path: Path) -> None:
    source = folder(tmp_path, None, "---\nsdk: streamlit\nsdk_version: 1.40.0\napp_port: 7860\n---\n")
    (source / "app.py").write_text("")
    assert image_source(source, [], port=8501, sdk=Sdk.STREAMLIT).build is not None
    with pytest.raises(InvalidRegistryError, match="listens on port 8501, and its entry in the registry says 7860"):
        image_source(source, [], port=7860, sdk=Sdk.STREAMLIT)


def test_a_static_space_is_served_by_a_python_of_ours(tmp_path: Path) -> None:
    source = folder(tmp_path, None, '---\nsdk: static\npython_version: "3.9"\n---\n')
    (source / "index.html").write_text("<p>hello")
    asked: list[str] = []
    made = image_source(source, asked, sdk=Sdk.STATIC)
    assert asked == ["3.11"]
    assert made.build is not None
    assert made.build.files.keys() >= {"serve.py", "requirements.txt", "source/index.html"}


@pytest.mark.parametrize("target", ["../outside", "/etc/hostname", "../missing"])
def test_a_folder_with_a_link_out_of_it_is_refused(tmp_path: Path, target: str) -> None:
    (tmp_path / "outside").mkdir()
    space = tmp_path / "space"
    (space / "data").mkdir(parents=True)
    folder(space, b"FROM debian\n")
    (space / "data" / "inside").symlink_to("../README.md")
    (space / "loop").symlink_to("loop")
    (space / ".venv").symlink_to("/usr")  # never part of an image, wherever it leads
    assert image_source(space, [], origin=FOLDER_ORIGIN).build is not None
    (space / "data" / "link").symlink_to(target if target.startswith("/") else f"../{target}")
    # An entry of a registry goes without it, as ever.
    assert image_source(space, []).build is not None
    with pytest.raises(InvalidRegistryError, match=r"data/link: is an? (absolute )?symbolic link") as caught:
        image_source(space, [], origin=FOLDER_ORIGIN)
    assert caught.value.hint
