"""Where the image of a Space of the SDK docker comes from: its Dockerfile is read, and no base image without need."""

from pathlib import Path

import pytest

from hf_spaces_runner.domain.image import ImageSource
from hf_spaces_runner.domain.space import Sdk, Space
from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.images.source import find_image_source
from hf_spaces_runner.registry.snapshot import Snapshots

README = "---\nsdk: docker\n---\n"


def folder(tmp_path: Path, dockerfile: bytes | None, readme: str = README) -> Path:
    (tmp_path / "README.md").write_text(readme)
    if dockerfile is not None:
        (tmp_path / "Dockerfile").write_bytes(dockerfile)
    return tmp_path


def image_source(source: Path, asked: list[str], port: int = 7860) -> ImageSource:
    def base_image(python_version: str) -> str:
        asked.append(python_version)
        return "our-base:1"

    return find_image_source(
        Space(id="x", docker_image="hf-spaces-runner/x:latest", sdk=Sdk.DOCKER, port=port, source=source),
        image_registry="registry.hf.space",
        ca_bundle=None,
        snapshots=Snapshots(source / "cache"),
        base_image=base_image,
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


@pytest.mark.parametrize(
    ("dockerfile", "message"),
    [
        (None, r"README\.md:2:1: sdk: .*no Dockerfile"),
        (b"FROM \xff\n", r"Dockerfile:1:1: is not UTF-8 \(byte 5\)"),
        (b"#" * (1024**2 + 1), r"Dockerfile:1:1: is larger than 1024 KiB"),
        (b"ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCMD x \\", r"Dockerfile:3:1: the file ends"),
    ],
)
def test_a_dockerfile_that_cannot_be_used(tmp_path: Path, dockerfile: bytes | None, message: str) -> None:
    with pytest.raises(InvalidRegistryError, match=message) as caught:
        image_source(folder(tmp_path, dockerfile), [])
    assert caught.value.hint


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
    with pytest.raises(InvalidRegistryError, match=r"README\.md:2:1: app_port: .*port 8000, .* says 7860"):
        image_source(source, [], port=7860)
