"""The plan of a build by the Space's own Dockerfile: what is put into it, its context and tag, and what is refused."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from hf_spaces_runner.domain.front_matter import FrontMatter
from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.domain.space import Sdk
from hf_spaces_runner.domain.space_source import SourceFile, SpaceSource
from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.planning.build_docker import asks_for_base_image
from hf_spaces_runner.planning.build_marks import DEFAULT_PYTHON_VERSION, ca_image_name
from hf_spaces_runner.planning.build_plan import plan_build

BASE = "hf-spaces-runner/base:x"
DOCKERFILE = 'ARG BASE_IMAGE=python:3.11-slim\nFROM ${BASE_IMAGE}\nRUN true\nCMD ["python3", "app.py"]\n'
LABEL = 'LABEL hf-spaces-runner.built="unfinished"'
CA_BUNDLE = Path("/ca.crt")
CA_STEPS = [
    f"COPY --from={ca_image_name(CA_BUNDLE)} /ca-bundle.crt /usr/local/share/hf-spaces-runner/ca-bundle.crt",
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
        ("FROM x\nUSER app\n", False),
        ("FROM x\nUSER root\n", True),
        ("FROM x\nUSER 0:0\n", True),
        ('FROM x\nUSER app\nUSER "root"\n', True),
        ("FROM x AS one\nUSER root\nFROM one\n", True),
        ("FROM x\nUSER rooty\n", False),
        ("FROM x\nUSER root\nUSER app\n", False),
        ("FROM x AS one\nUSER app\nFROM one\n", False),
        ("FROM x AS one\nUSER app\nFROM y\n", True),
        ("FROM x\nCMD x", True),
    ],
)
def test_the_hubs_user_unless_the_dockerfile_names_one(dockerfile: str, added: bool) -> None:
    assert (plan(dockerfile).dockerfile.splitlines()[-1] == "USER 1000") is added


def test_it_is_told_that_nothing_runs_as_root() -> None:
    assert plan("FROM x\nUSER root\n").warnings == (
        "/space/Dockerfile ends as root; on the Hub it runs as UID 1000, so it does here",
    )
    assert plan("FROM x\n").warnings == plan("FROM x\nUSER app\n").warnings == ()


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
    # Not in the context, where COPY . . would find it.
    assert CA_BUNDLE not in made.files.values()
    assert made.ca_bundle == (ca_image_name(CA_BUNDLE), CA_BUNDLE)
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
    assert (made.base_image, made.build_arguments) == (BASE, {"BASE_IMAGE": BASE})


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
    assert (made.base_image, made.build_arguments) == (image, {})


def test_variables_that_the_dockerfile_declares_are_build_arguments() -> None:
    dockerfile = (
        'ARG VERSION=12 OTHER="a b c"\nFROM debian:${VERSION}\nARG COLOR=blue \\\n  # of the page\n  SIZE\nRUN ARG=1\n'
    )
    given = {"VERSION": "13", "COLOR": 'a "b" $c\n', "SIZE": "", "b": "1", "RUN": "1", "HTTP_PROXY": "http://x:1"}
    made = plan(dockerfile, base_image="", variables=given)
    # The engine knows HTTP_PROXY without an ARG.
    assert made.build_arguments == {name: given[name] for name in ("VERSION", "COLOR", "SIZE", "HTTP_PROXY")}
    assert made.base_image == "debian:13"
    assert given["COLOR"] not in made.dockerfile
    assert plan(dockerfile).build_arguments == {}
    assert plan(dockerfile, variables={"OTHER": "x"}).build_arguments == {"OTHER": "x"}


def test_only_variables_that_the_build_gets_decide_the_tag() -> None:
    dockerfile = "FROM debian\nARG COLOR\n"
    tags = [
        plan(dockerfile, variables=variables).tag
        for variables in ({}, {"COLOR": ""}, {"COLOR": "blue"}, {"COLOR": "red"})
    ]
    assert len(set(tags)) == 4
    assert plan(dockerfile, variables={"SIZE": "1", "HTTPS_PROXY": "http://x"}).tag == tags[0]


def test_a_base_image_of_the_users_own_wins() -> None:
    made = plan(variables={"BASE_IMAGE": "debian:12"})
    assert (made.base_image, made.build_arguments) == ("debian:12", {"BASE_IMAGE": "debian:12"})


def test_an_argument_with_a_quote_that_never_ends_is_left_to_the_engine() -> None:
    assert plan("FROM x\nARG A='x B=1\n", variables={"A": "1"}).build_arguments == {"A": "1"}


def test_gradio_spaces_have_no_build_arguments() -> None:
    made = plan(made=source(sdk=Sdk.GRADIO, sdk_version="5.49.1"))
    assert made.build_arguments == {}


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
        ("FROM x\nCMD x \\", "2:1: the file ends in the middle of CMD"),
        ("FROM\n", "1:1: FROM : names no image"),
        ("ARG X\nFROM $X\n", "2:1: FROM $X: names no image"),
        ("FROM x\nFROM Bad/Name\n", "2:1: FROM Bad/Name: the name 'Bad/Name' has upper case"),
        ("FROM scratch\nCOPY x /x\n", "1:1: FROM scratch: a Space on no image"),
    ],
)
def test_what_cannot_be_built(dockerfile: str, message: str) -> None:
    with pytest.raises(InvalidRegistryError) as caught:
        plan(dockerfile)
    assert caught.value.message.startswith(f"/space/Dockerfile:{message}")
    assert caught.value.hint


def test_what_buildkit_is_told() -> None:
    dockerfile = "# syntax=some/frontend\nFROM x\nRUN --mount=type=secret,id=A --mount=type=secret,id=B,required x\n"
    secrets = {"A": Secret("a"), "OTHER": Secret("o")}
    made = plan(dockerfile, secrets=secrets)
    assert [(need.what, need.place) for need in made.needs] == [("RUN --mount", "/space/Dockerfile:3:1")]
    assert (made.secrets, made.missing_secrets) == ({"A": Secret("a")}, ("B",))
    assert made.cache_space == "hf-spaces-runner/clip"
    assert made.buildkit_dockerfile == made.dockerfile.replace("# syntax=some/frontend", "# Read by the engine itself")
    assert (plan(dockerfile).tag, plan(dockerfile).labels) == (made.tag, made.labels)
    assert "'a'" not in repr(made)


def test_two_bundles_of_ca_certificates_are_two_images() -> None:
    assert ca_image_name(CA_BUNDLE) != ca_image_name(Path("/other.crt"))
    assert plan().ca_bundle is None
