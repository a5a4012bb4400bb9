"""The plan of a build by the Space's own Dockerfile: what is put into it, its context and tag, and what is refused."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from hf_spaces_runner.domain.front_matter import FrontMatter
from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.domain.space import Sdk
from hf_spaces_runner.domain.space_source import SourceFile, SpaceSource
from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.planning.build_docker import asks_for_base_image, build_arguments
from hf_spaces_runner.planning.build_marks import DEFAULT_PYTHON_VERSION
from hf_spaces_runner.planning.build_plan import plan_build

BASE = "hf-spaces-runner/base:x"
DOCKERFILE = 'ARG BASE_IMAGE=python:3.11-slim\nFROM ${BASE_IMAGE}\nRUN true\nCMD ["python3", "app.py"]\n'
LABEL = 'LABEL hf-spaces-runner.built="unfinished"'
CA_STEPS = [
    "COPY .hf-spaces-runner/ca-bundle.crt /usr/local/share/hf-spaces-runner/ca-bundle.crt",
    "ARG PIP_CERT=/usr/local/share/hf-spaces-runner/ca-bundle.crt",
    "ARG SSL_CERT_FILE=/usr/local/share/hf-spaces-runner/ca-bundle.crt",
    "ARG REQUESTS_CA_BUNDLE=/usr/local/share/hf-spaces-runner/ca-bundle.crt",
    "ARG NODE_EXTRA_CA_CERTS=/usr/local/share/hf-spaces-runner/ca-bundle.crt",
]


def source(*more: str, **changes: object) -> SpaceSource:
    files = {
        name: SourceFile(path=Path("/space") / name, sha256=hashlib.sha256(name.encode()).hexdigest())
        for name in ("Dockerfile", "README.md", "app.py", *more)
    }
    made = SpaceSource(
        folder=Path("/space"),
        front_matter=FrontMatter(sdk=Sdk.DOCKER, app_file="app.py"),
        requirements=None,
        pre_requirements=None,
        packages=None,
        files=files,
        left_out=(),
        sha256="a" * 64,
    )
    front = {name: changes.pop(name) for name in FrontMatter.__dataclass_fields__.keys() & changes.keys()}
    return replace(made, front_matter=replace(made.front_matter, **front), **changes)  # type: ignore[arg-type]


def plan(dockerfile: str = DOCKERFILE, made: SpaceSource | None = None, **changes: object) -> BuildPlan:
    arguments: dict[str, object] = {
        "space_id": "clip",
        "repository": "hf-spaces-runner/clip",
        "base_image": BASE,
        **changes,
    }
    return plan_build(made or source(), dockerfile=dockerfile, **arguments)  # type: ignore[arg-type]


def test_its_own_dockerfile_with_a_label_and_the_hubs_user() -> None:
    assert plan().dockerfile.splitlines() == [
        "ARG BASE_IMAGE=python:3.11-slim",
        "FROM ${BASE_IMAGE}",
        LABEL,
        "RUN true",
        'CMD ["python3", "app.py"]',
        "USER 1000",
    ]


@pytest.mark.parametrize(
    ("dockerfile", "added"),
    [
        ("FROM a\nUSER app\n", False),
        ("FROM a\nUSER root\n", False),
        ("FROM a AS one\nUSER app\nFROM one\n", False),
        ("FROM a AS one\nUSER app\nFROM b\n", True),
        ("FROM a\nCMD x", True),
    ],
)
def test_the_hubs_user_unless_the_dockerfile_names_one(dockerfile: str, added: bool) -> None:
    assert (plan(dockerfile).dockerfile.splitlines()[-1] == "USER 1000") is added


def test_the_ca_bundle_comes_after_each_from() -> None:
    dockerfile = "FROM node:20 AS \\\n  web\nRUN npm ci\nFROM debian\nUSER app\n"
    made = plan(dockerfile, ca_bundle=Path("/ca.crt"))
    assert made.dockerfile.splitlines() == [
        "FROM node:20 AS \\",
        "  web",
        LABEL,
        *CA_STEPS,
        "RUN npm ci",
        "FROM debian",
        LABEL,
        *CA_STEPS,
        "USER app",
    ]
    assert made.files[".hf-spaces-runner/ca-bundle.crt"] == Path("/ca.crt")
    assert "ENV" not in made.dockerfile


def test_the_ca_bundle_does_not_change_the_tag() -> None:
    without, with_bundle = plan(), plan(ca_bundle=Path("/ca.crt"))
    assert with_bundle.tag == without.tag
    assert with_bundle.labels == without.labels
    assert "CERT" not in without.dockerfile


def test_the_files_of_the_space_are_the_context() -> None:
    assert plan(made=source("static/page.html", "source/x")).files == {
        "README.md": Path("/space/README.md"),
        "app.py": Path("/space/app.py"),
        "static/page.html": Path("/space/static/page.html"),
        "source/x": Path("/space/source/x"),
    }


def test_tag_and_labels_carry_the_hash() -> None:
    made = plan()
    digest = made.labels["hf-spaces-runner.built"]
    assert made.tag == f"hf-spaces-runner/clip:{digest[:12]}"
    assert made.labels["hf-spaces-runner.space"] == "clip"
    assert made.python_version == DEFAULT_PYTHON_VERSION


def test_what_decides_the_tag() -> None:
    own = "FROM debian:12\nCMD x\n"
    tags = {
        plan().tag,
        plan(base_image="other:1").tag,
        plan(made=source(sha256="b" * 64)).tag,
        plan(DOCKERFILE.replace("true", "false")).tag,
        plan(own).tag,
    }
    assert len(tags) == 5
    assert plan(space_id="other").tag in tags
    # What it builds on stands in the Dockerfile alone.
    assert plan(own, base_image="other:1").tag in tags


@pytest.mark.parametrize(
    "dockerfile", [DOCKERFILE, "ARG BASE_IMAGE\nFROM node:20 AS web\nFROM $BASE_IMAGE\nCOPY --from=web /x /x\n"]
)
def test_the_base_image_is_a_build_argument_where_it_is_asked_for(dockerfile: str) -> None:
    assert asks_for_base_image(dockerfile)
    made = plan(dockerfile, ca_bundle=Path("/ca.crt"))
    assert (made.base_image, build_arguments(made)) == (BASE, {"BASE_IMAGE": BASE})


@pytest.mark.parametrize(
    ("dockerfile", "image"),
    [
        ("FROM node:20\n", "node:20"),
        ("FROM debian AS one\nFROM one\n", "debian:latest"),
        ("FROM scratch AS one\nFROM host:5000/x\n", "host:5000/x:latest"),
        ("ARG V=12\nFROM debian:$V\n", "debian:12"),
        (f"FROM debian@sha256:{'a' * 64}\n", f"debian@sha256:{'a' * 64}"),
    ],
)
def test_what_it_is_built_on_else(dockerfile: str, image: str) -> None:
    made = plan(dockerfile, base_image="")
    assert (made.base_image, build_arguments(made)) == (image, {})


def test_gradio_spaces_have_no_build_arguments() -> None:
    made = plan(made=source(sdk=Sdk.GRADIO, sdk_version="5.49.1"))
    assert build_arguments(made) == {}


def test_a_missing_dockerfile() -> None:
    files = {"README.md": source().files["README.md"]}
    with pytest.raises(InvalidRegistryError, match=r"^/space/README\.md:2:1: .*no Dockerfile here") as caught:
        plan(made=source(files=files))
    assert "/space/Dockerfile" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("dockerfile", "message"),
    [
        ("", "1:1: has no FROM"),
        ("RUN x\n", "1:1: has no FROM"),
        ("FROM a\n RUN --mount=type=secret,id=TOKEN cat /run/secrets/TOKEN\n", "2:2: RUN --mount needs BuildKit"),
        ("FROM a\nRUN --network=none \\\n x\n", "2:1: RUN --network needs BuildKit"),
        ("FROM a\nCOPY --chown=1 --chmod=755 x y\n", "2:1: COPY --chmod needs BuildKit"),
        ("FROM a\nADD --checksum=sha256:1 x y\n", "2:1: ADD --checksum needs BuildKit"),
        ("FROM a\nRUN <<EOF\nx\nEOF\n", "2:1: RUN <<EOF, a heredoc, needs BuildKit"),
        ("FROM a\nCOPY <<'E' /x\nx\nE\n", "2:1: COPY <<E, a heredoc, needs BuildKit"),
        ("FROM a\nCMD x \\", "2:1: the file ends in the middle of CMD"),
        ("FROM\n", "1:1: FROM : names no image"),
        ("ARG X\nFROM $X\n", "2:1: FROM $X: names no image"),
        ("FROM a\nFROM Bad/Name\n", "2:1: FROM Bad/Name: the name 'Bad/Name' has upper case"),
        ("FROM scratch\nCOPY x /x\n", "1:1: FROM scratch: a Space on no image"),
    ],
)
def test_what_cannot_be_built(dockerfile: str, message: str) -> None:
    with pytest.raises(InvalidRegistryError) as caught:
        plan(dockerfile)
    assert caught.value.message.startswith(f"/space/Dockerfile:{message}")
    assert caught.value.hint


@pytest.mark.parametrize("name", [".hf-spaces-runner", ".hf-spaces-runner/x", ".HF-Spaces-Runner/ca-bundle.crt"])
def test_the_name_of_the_ca_bundle_cannot_clash(name: str) -> None:
    with pytest.raises(InvalidRegistryError, match="CA certificates"):
        plan(made=source(name), ca_bundle=Path("/ca.crt"))
    assert name in plan(made=source(name)).files
    assert plan(made=source("ca-bundle.crt"), ca_bundle=Path("/ca.crt")).files["ca-bundle.crt"] == Path(
        "/space/ca-bundle.crt"
    )
