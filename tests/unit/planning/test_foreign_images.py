"""What a Dockerfile may not build on: images that were built here for other Spaces, and images named by an id."""

from pathlib import Path

import pytest

from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.planning.dockerfile import read_dockerfile
from hf_spaces_runner.planning.foreign_images import check_foreign_images

PATH = Path("/space/Dockerfile")
BASE = "hf-spaces-runner/own-base:1"
OTHER = "hf-spaces-runner/victim:stage-1"


def check(dockerfile: str) -> None:
    given = {"BASE_IMAGE": BASE}
    check_foreign_images(read_dockerfile(dockerfile, given), PATH, given, BASE)


@pytest.mark.parametrize(
    "dockerfile",
    [
        f"FROM {OTHER}\n",
        f'FROM x\nFROM "docker.io/{OTHER}" AS x\n',
        "ARG A=hf-spaces-runner/vic\nFROM ${A}tim\n",
        f"FROM x\nCOPY --from={OTHER} / /x\n",
        'FROM x\nCOPY --chown=1:1 --from="hf-sp"aces\\-runner/victim / /x\n',
        "FROM x\nCOPY --from=hf-spaces-\\\n# a comment\nrunner/victim:1 / /x\n",
        f"FROM x\nONBUILD COPY --from={OTHER} / /x\n",
        f"FROM x\nRUN --mount=type=bind,target=/x,from={OTHER} cat /x\n",
        f'FROM x\nRUN echo " <<EOF "\nCOPY --from={OTHER} / /x\nRUN true \\\nEOF\n',
    ],
)
def test_images_of_other_spaces_are_refused(dockerfile: str) -> None:
    with pytest.raises(InvalidRegistryError, match=r"^/space/Dockerfile:\d+:1: .* was built here") as caught:
        check(dockerfile)
    assert "BASE_IMAGE" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "dockerfile",
    [
        "FROM f421a\n",
        "FROM x:1\nFROM 0\n",
        f"FROM x:1\nFROM sha256:{'a' * 64}\n",
        "FROM x:1\nCOPY --from=f4 / /x\n",
        "FROM x:1\nCOPY --from=f4 / /x\nFROM x:1 AS f4\n",
    ],
)
def test_ids_are_refused(dockerfile: str) -> None:
    with pytest.raises(InvalidRegistryError, match=r"may be the id of any image"):
        check(dockerfile)


@pytest.mark.parametrize(
    "dockerfile",
    [
        "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n",
        "FROM hf-spaces-runner/base:bookworm-python3.11\n",
        "FROM python:3.11-slim AS fade\nFROM fade\nCOPY --from=fade / /\nCOPY --from=0 / /\n",
        "FROM dead:latest\nFROM scratch\nCOPY --from=ghcr.io/astral-sh/uv:latest /uv /bin/\n",
        "FROM x:1\nRUN python3 <<EOF\nfrom bad import x\nEOF\n",
        "FROM x:1\nRUN curl https://x.example/?from=abc\nCOPY hf-spaces-runner/ /x\n",
    ],
)
def test_what_is_not_refused(dockerfile: str) -> None:
    check(dockerfile)
