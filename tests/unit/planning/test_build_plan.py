"""The plan of a build: what stands in the Dockerfile, what decides the tag, and what is refused."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from hf_spaces_runner.domain.front_matter import FrontMatter
from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.domain.space import Sdk
from hf_spaces_runner.domain.space_source import SourceFile, SpaceSource
from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.planning.build_marks import DEFAULT_PYTHON_VERSION
from hf_spaces_runner.planning.build_plan import plan_build
from hf_spaces_runner.planning.build_python import debian_packages

BASE = "python:3.11-slim"
CONSTRAINTS = SourceFile(path=Path("/constraints/gradio-5.49.1.txt"), sha256="c" * 64)


def source(**changes: object) -> SpaceSource:
    names = ("app.py", "README.md", "requirements.txt")
    files = {
        name: SourceFile(path=Path("/space") / name, sha256=hashlib.sha256(name.encode()).hexdigest()) for name in names
    }
    made = SpaceSource(
        folder=Path("/space"),
        front_matter=FrontMatter(sdk=Sdk.GRADIO, app_file="app.py", sdk_version="5.49.1"),
        requirements="numpy\n",
        pre_requirements=None,
        packages=None,
        files=files,
        left_out=(),
        sha256="a" * 64,
    )
    front = {name: changes.pop(name) for name in FrontMatter.__dataclass_fields__.keys() & changes.keys()}
    return replace(made, front_matter=replace(made.front_matter, **front), **changes)  # type: ignore[arg-type]


def plan(made: SpaceSource | None = None, **changes: object) -> BuildPlan:
    arguments: dict[str, object] = {
        "space_id": "clip",
        "repository": "hf-spaces-runner/clip",
        "base_image": BASE,
        **changes,
    }
    return plan_build(made or source(), **arguments)  # type: ignore[arg-type]


def lines(made: BuildPlan, word: str) -> list[str]:
    return [line for line in made.dockerfile.splitlines() if line.startswith(word)]


def test_the_order_of_the_steps() -> None:
    made = plan(source(packages="ffmpeg\n", pre_requirements="wheel\n"), constraints=CONSTRAINTS)
    runs = lines(made, "RUN")
    assert [
        word in run for word, run in zip(("useradd", "venv", "uvicorn", "apt-get", "pre-", "numpy"), runs, strict=False)
    ][:5] == [True] * 5
    assert "--requirement /usr/local/share/hf-spaces-runner/requirements.txt gradio==5.49.1" in runs[5]
    assert made.dockerfile.splitlines()[0] == f"FROM {BASE}"
    assert made.dockerfile.splitlines()[-2:] == ["EXPOSE 7860", 'CMD ["python", "app.py"]']
    # Root only for apt: the last USER before the end is the Space's.
    assert lines(made, "USER") == ["USER user", "USER root", "USER user"]


def test_the_environment_is_the_hubs_and_quiet() -> None:
    (environment, path) = lines(plan(), "ENV")
    for pair in (
        "GRADIO_SERVER_NAME=0.0.0.0",
        "SYSTEM=spaces",
        "GRADIO_ANALYTICS_ENABLED=False",
        "GRADIO_SSR_MODE=False",
    ):
        assert pair in environment.split()
    assert path == 'ENV PATH="/opt/venv/bin:$PATH"'


def test_the_sdk_layer_is_the_same_for_all_spaces_of_a_version() -> None:
    def until_sdk(made: BuildPlan) -> str:
        return made.dockerfile.split("uvicorn", 1)[0]

    other = source(
        app_file="README.md", packages="git", requirements="scipy", pre_requirements="wheel", sha256="b" * 64
    )
    assert until_sdk(plan()) == until_sdk(plan(other, space_id="other", repository="hf-spaces-runner/other"))


def test_files_of_the_context() -> None:
    made = plan(constraints=CONSTRAINTS, ca_bundle=Path("/ca.crt"))
    assert made.files == {
        "source/app.py": Path("/space/app.py"),
        "source/README.md": Path("/space/README.md"),
        "source/requirements.txt": Path("/space/requirements.txt"),
        "constraints.txt": CONSTRAINTS.path,
        "ca-bundle.crt": Path("/ca.crt"),
    }


def test_tag_and_labels_carry_the_hash() -> None:
    made = plan()
    digest = made.labels["hf-spaces-runner.built"]
    assert made.tag == f"hf-spaces-runner/clip:{digest[:12]}"
    assert made.labels["hf-spaces-runner.space"] == "clip"
    assert (made.base_image, made.python_version) == (BASE, DEFAULT_PYTHON_VERSION)
    assert plan(source(python_version="3.10")).python_version == "3.10"


def test_what_decides_the_tag() -> None:
    tags = {
        plan().tag,
        plan(source(sha256="b" * 64)).tag,
        plan(source(sdk_version="5.49.0")).tag,
        plan(source(packages="ffmpeg")).tag,
        plan(source(requirements=None)).tag,
        plan(base_image="hf-spaces-runner/base:x").tag,
        plan(constraints=CONSTRAINTS).tag,
        plan(constraints=replace(CONSTRAINTS, sha256="d" * 64)).tag,
    }
    assert len(tags) == 8
    assert plan(constraints=replace(CONSTRAINTS, path=Path("/elsewhere.txt"))).tag in tags
    assert plan(space_id="other").tag in tags


def test_the_ca_bundle_helps_the_build_and_changes_nothing_else() -> None:
    without, with_bundle = plan(), plan(ca_bundle=Path("/ca.crt"))
    assert with_bundle.tag == without.tag
    assert "CERT" not in without.dockerfile
    assert all("CERT" not in line for line in with_bundle.dockerfile.splitlines() if not line.startswith("RUN "))
    pip_runs = [line for line in lines(with_bundle, "RUN") if "pip install" in line]
    assert len(pip_runs) == 2
    assert all("PIP_CERT=/" in line and "SSL_CERT_FILE=/" in line for line in pip_runs)


def test_file_names_never_stand_in_the_dockerfile() -> None:
    name = 'a b*$(touch x)\n"RUN.py'
    made = plan(source(files={**source().files, name: source().files["app.py"], "$HOME.py": source().files["app.py"]}))
    assert "touch" not in made.dockerfile
    assert f"source/{name}" in made.files


def test_the_app_file_stands_only_in_the_command() -> None:
    name = 'my app "$X".py'
    made = plan(source(app_file=name, files={**source().files, name: source().files["app.py"]}))
    assert made.dockerfile.splitlines()[-1] == f"CMD {json.dumps(['python', name])}"


def test_empty_requirements_need_no_step() -> None:
    made = plan(source(requirements="\n \n"))
    assert "requirements.txt" not in made.dockerfile


def test_what_the_source_must_have() -> None:
    with pytest.raises(InvalidRegistryError, match="sdk_version: is missing"):
        plan(source(sdk_version=None))
    with pytest.raises(InvalidRegistryError, match=r"app_file: there is no 'main\.py'"):
        plan(source(app_file="main.py"))


def test_packages() -> None:
    text = "ffmpeg libgl1  # for OpenCV\n\n# nothing\r\nlibstdc++6=12.2.0-14+deb12u1\npython3-dev:amd64\n"
    found = debian_packages(text, Path("packages.txt"))
    assert found == ("ffmpeg", "libgl1", "libstdc++6=12.2.0-14+deb12u1", "python3-dev:amd64")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("ffmpeg; rm -rf /", "1:1"),
        ("git\n$(touch x)", "2:1"),
        ("git `id`", "1:5"),
        ("git && id", "1:5"),
        ("-o APT::Update::Pre-Invoke::=id", "1:1"),
        ("--allow-unauthenticated", "1:1"),
        ("git\\", "1:1"),
        ("git|sh", "1:1"),
        ("./local.deb", "1:1"),
        ("/root/local.deb", "1:1"),
        ("git=$(id)", "1:1"),
        ("git\u2028USER root", "2:1"),
        ("GIT", "1:1"),
    ],
)
def test_lines_that_are_no_package_are_refused(text: str, where: str) -> None:
    with pytest.raises(InvalidRegistryError) as caught:
        plan(source(packages=text))
    assert caught.value.message.startswith(f"/space/packages.txt:{where}: ")
