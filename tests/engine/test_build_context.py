"""What of a Space's folder is in its image, read from the images that a real engine has built."""

import ast
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import docker
import pytest
from docker.errors import APIError

from hf_spaces_runner.images.build import build_image
from hf_spaces_runner.planning.build_marks import ca_image_name
from hf_spaces_runner.planning.build_plan import plan_build
from hf_spaces_runner.registry.space_source import read_space_source
from tests.engine.image_registry import TEST_LABEL

pytestmark = pytest.mark.engine

DOCKERFILE = "FROM {}\nLABEL " + TEST_LABEL + "=build\nWORKDIR /space\nCOPY . .\n"
# As Python writes it: the engine's log keeps no bytes that are not UTF-8.
LISTING = "import os; print(ascii(sorted(os.path.join(root, name) for root, folders, names in os.walk('.')"
LISTING += " for name in folders + names)))"


@pytest.fixture
def folder(tmp_path: Path, base_image: str) -> Path:
    (tmp_path / "README.md").write_text("---\nsdk: docker\n---\n")
    (tmp_path / "Dockerfile").write_text(DOCKERFILE.format(base_image))
    return tmp_path


@pytest.fixture
def ca_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    bundle = tmp_path_factory.mktemp("ca") / "bundle.crt"
    bundle.write_text("one")
    return bundle


@pytest.fixture
def built(docker_client: docker.DockerClient) -> Iterator[list[str]]:
    """Yield a list for the names of images, which are gone afterwards."""
    names: list[str] = []
    yield names
    for name in names:
        with suppress(APIError):
            docker_client.images.remove(name, force=True)


def build(client: docker.DockerClient, folder: Path, built: list[str], ca_bundle: Path | None = None) -> list[str]:
    """Build the Space in `folder` as the image `built[0]`, and return the notes of the build."""
    plan = plan_build(
        read_space_source(folder),
        space_id="context",
        repository="hf-spaces-runner-test/context",
        base_image="",
        ca_bundle=ca_bundle,
        dockerfile=(folder / "Dockerfile").read_text(),
    )
    plan = replace(plan, labels={**plan.labels, TEST_LABEL: "build"})
    built[:] = [plan.tag, *([plan.ca_bundle[0]] if plan.ca_bundle else [])]
    notes: list[str] = []
    build_image(
        client,
        plan,
        platform="linux/amd64",
        on_progress=lambda step: notes.append(step.message) if step.note else None,
    )
    return notes


def said(client: docker.DockerClient, image: str, script: str) -> str:
    """Return what `script` prints, run by Python in a container of `image`."""
    command = ["python3", "-c", script]
    output = client.containers.run(image, command, remove=True, network_mode="none", labels={TEST_LABEL: "look"})
    return output.decode().removesuffix("\n")


def test_names_and_links_arrive_as_git_keeps_them(
    docker_client: docker.DockerClient, folder: Path, built: list[str]
) -> None:
    names = {"a b/c d.txt", "new\nline.txt", "-rf", "*", os.fsdecode(b"caf\xe9")}
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("text")
    links = {"to a folder": "a b", "to a file": "./a b/c d.txt", "broken": "nothing", "round": "round", "top": "."}
    for name, target in links.items():
        (folder / name).symlink_to(target)
    assert build(docker_client, folder, built) == []
    found = ast.literal_eval(said(docker_client, built[0], LISTING))
    assert {name.removeprefix("./") for name in found} == {*names, *links, "a b", "README.md", "Dockerfile"}
    read = "import os; print([os.readlink(name) for name in %r]); print(open('to a folder/c d.txt').read())"
    assert said(docker_client, built[0], read % list(links)) == f"{list(links.values())}\ntext"


def test_secrets_stay_out_and_are_told_once(docker_client: docker.DockerClient, folder: Path, built: list[str]) -> None:
    for name in (".env", "key.pem", ".ssh/config", ".git/config", "kept.pem", "ignored.txt", "named.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("-----BEGIN PRIVATE KEY-----\n" if name == "key.pem" else "text")
    (folder / ".gitignore").write_text("ignored.txt\n")
    (folder / ".dockerignore").write_text("named.txt\nREADME.md\nDockerfile\n!.env\n")
    (note,) = build(docker_client, folder, built)
    assert ".env, .ssh, key.pem. " in note
    found = ast.literal_eval(said(docker_client, built[0], LISTING))
    assert found == ["./.dockerignore", "./.gitignore", "./kept.pem"]


def test_the_ca_bundle_is_there_for_a_build_and_not_among_the_files(
    docker_client: docker.DockerClient, folder: Path, built: list[str], ca_bundle: Path
) -> None:
    dockerfile = folder / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text() + 'RUN cat "$SSL_CERT_FILE" > /seen\n')
    build(docker_client, folder, built, ca_bundle)
    assert built[1] == ca_image_name(ca_bundle)
    look = "print(open('/seen').read());" + LISTING
    assert said(docker_client, built[0], look) == "one\n['./Dockerfile', './README.md']"

    # Other certificates of the same name are used, though nothing that decides the Space's image has changed.
    ca_bundle.write_text("two")
    docker_client.images.remove(built[0], force=True)
    build(docker_client, folder, built, ca_bundle)
    assert said(docker_client, built[0], "print(open('/seen').read())") == "two"
