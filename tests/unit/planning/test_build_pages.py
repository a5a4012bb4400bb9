"""The plans of the SDKs streamlit and static: what stands in the Dockerfile, what decides the tag, what is refused."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hf_spaces_runner.domain.front_matter import FrontMatter
from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.domain.space import Sdk
from hf_spaces_runner.domain.space_source import SourceFile, SpaceSource
from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.planning.build_plan import plan_build
from hf_spaces_runner.planning.build_static import StaticServer

BASE = "python:3.11-slim"
CONSTRAINTS = SourceFile(path=Path("/constraints/streamlit-1.40.0.txt"), sha256="c" * 64)
SERVER = StaticServer(
    script=SourceFile(path=Path("/static/serve.py"), sha256="d" * 64),
    requirements=SourceFile(path=Path("/static/requirements.txt"), sha256="e" * 64),
)
PAGE = SpaceSource(
    folder=Path("/space"),
    front_matter=FrontMatter(sdk=Sdk.STATIC, app_file="index.html"),
    requirements=None,
    pre_requirements=None,
    packages=None,
    files={"index.html": SourceFile(path=Path("/space/index.html"), sha256="b" * 64)},
    left_out=(),
    sha256="a" * 64,
)
STREAMLIT = replace(
    PAGE,
    front_matter=FrontMatter(sdk=Sdk.STREAMLIT, app_file="app.py", sdk_version="1.40.0"),
    requirements="pandas\n",
    packages="git\n",
    files={"app.py": SourceFile(path=Path("/space/app.py"), sha256="b" * 64)},
)


def fronted(source: SpaceSource, **keys: Any) -> SpaceSource:
    return replace(source, front_matter=replace(source.front_matter, **keys))


def plan(source: SpaceSource, **changes: object) -> BuildPlan:
    arguments: dict[str, object] = {
        "space_id": "page",
        "repository": "hf-spaces-runner/page",
        "base_image": BASE,
        "static_server": SERVER,
        **changes,
    }
    return plan_build(source, **arguments)  # type: ignore[arg-type]


def lines(made: BuildPlan, word: str) -> list[str]:
    return [line for line in made.dockerfile.splitlines() if line.startswith(word)]


def command(made: BuildPlan) -> list[str]:
    words: list[str] = json.loads(made.dockerfile.splitlines()[-1].removeprefix("CMD "))
    return words


def test_streamlit_is_pinned_and_started_as_on_the_hub() -> None:
    made = plan(STREAMLIT, constraints=CONSTRAINTS, ca_bundle=Path("/ca.crt"))
    pips = [run for run in lines(made, "RUN") if "pip install" in run]
    assert pips[0].endswith("constraints.txt streamlit==1.40.0")
    assert pips[1].endswith("requirements.txt streamlit==1.40.0")
    assert all("PIP_CERT=" in run for run in pips)
    assert any("apt-get install" in run and " git " in run for run in lines(made, "RUN"))
    assert command(made)[:3] == ["streamlit", "run", "app.py"]
    flags = command(made)[3:]
    assert dict(zip(flags[::2], flags[1::2], strict=True)) == {
        "--server.port": "8501",
        "--server.address": "0.0.0.0",
        "--server.headless": "true",
        "--browser.gatherUsageStats": "false",
    }
    assert "EXPOSE 8501" in made.dockerfile
    # No other page of the user's browser may talk to the app.
    assert "xsrf" not in made.dockerfile.lower()
    assert "gradio" not in made.dockerfile.lower()


def test_streamlit_listens_on_its_port_whatever_the_front_matter_says() -> None:
    assert plan(fronted(STREAMLIT, app_port=9000)).dockerfile == plan(STREAMLIT).dockerfile


def test_what_a_streamlit_space_must_have() -> None:
    with pytest.raises(InvalidRegistryError, match="sdk_version: is missing, so no Streamlit is known"):
        plan(fronted(STREAMLIT, sdk_version=None))
    with pytest.raises(InvalidRegistryError, match=r"app_file: there is no 'main\.py'") as caught:
        plan(fronted(STREAMLIT, app_file="main.py"))
    assert "add main.py" in str(caught.value.hint)


def test_a_static_space_is_its_files_and_a_server() -> None:
    made = plan(PAGE, ca_bundle=Path("/ca.crt"))
    assert made.files == {
        "source/index.html": Path("/space/index.html"),
        "serve.py": Path("/static/serve.py"),
        "requirements.txt": Path("/static/requirements.txt"),
        "ca-bundle.crt": Path("/ca.crt"),
    }
    assert command(made)[1:] == [
        "/usr/local/share/hf-spaces-runner/serve.py",
        *("--root", "/home/user/app"),
        "--app-file=index.html",
        *("--port", "7860"),
    ]
    # The source comes last, so that a change of it alone leaves the other layers as they are.
    assert made.dockerfile.splitlines()[-3].startswith('COPY --chown=1000:1000 ["source/"')
    assert lines(made, "USER") == ["USER user"]


def test_files_of_a_static_space_are_not_those_of_the_server() -> None:
    names = ("index.html", "serve.py", "requirements.txt", "Dockerfile")
    files = {name: SourceFile(path=Path("/space") / name, sha256="b" * 64) for name in names}
    made = plan(replace(PAGE, files=files, requirements="evil\n", packages="evil\n"))
    assert made.files["serve.py"] == Path("/static/serve.py")
    assert made.files["source/serve.py"] == Path("/space/serve.py")
    assert "evil" not in made.dockerfile


def test_the_page_of_a_static_space() -> None:
    assert "--app-file=index.html" in command(plan(PAGE))
    deep = replace(PAGE.front_matter, app_file="dist/index.html")
    files = {"dist/index.html": PAGE.files["index.html"]}
    assert "--app-file=dist/index.html" in command(plan(replace(PAGE, front_matter=deep, files=files)))
    with pytest.raises(InvalidRegistryError, match=r"app_file: there is no 'index\.html' here") as caught:
        plan(replace(PAGE, files={}))
    assert caught.value.hint


@pytest.mark.parametrize("page", ["../index.html", "/etc/passwd", "dist/../../x.html"])
@pytest.mark.parametrize("command", ["", "npm run build"])
def test_a_page_outside_of_the_folder_is_refused(page: str, command: str) -> None:
    with pytest.raises(InvalidRegistryError, match="leads out of the folder"):
        plan(fronted(PAGE, app_file=page, app_build_command=command))


def test_headers_of_the_front_matter_are_sent() -> None:
    headers = {"cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp"}
    assert command(plan(fronted(PAGE, custom_headers=headers)))[-2:] == [
        "--header=cross-origin-embedder-policy: require-corp",
        "--header=cross-origin-opener-policy: same-origin",
    ]


def test_what_decides_the_tag_of_a_static_space() -> None:
    other = SourceFile(path=Path("/static/x"), sha256="f" * 64)
    tags = {
        plan(PAGE).tag,
        plan(replace(PAGE, sha256="b" * 64)).tag,
        plan(fronted(PAGE, app_port=8000)).tag,
        plan(PAGE, base_image="other:1").tag,
        plan(PAGE, static_server=replace(SERVER, script=other)).tag,
        plan(PAGE, static_server=replace(SERVER, requirements=other)).tag,
    }
    assert len(tags) == 6
    assert plan(PAGE, ca_bundle=Path("/ca.crt")).tag in tags
    assert plan(fronted(PAGE, python_version="3.9")).tag in tags


def test_a_static_space_needs_a_server() -> None:
    with pytest.raises(InvalidRegistryError, match="without a server"):
        plan(PAGE, static_server=None)
