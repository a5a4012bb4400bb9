"""The Hub's two builders: what stands in the Dockerfiles that follow them, and what becomes of a pin that fights."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.domain.request import Builder
from hf_spaces_runner.domain.space import Sdk
from hf_spaces_runner.planning.builder import HUB_PACKAGES
from tests.unit.planning.test_build_plan import CONSTRAINTS, lines, plan, source

PIN = "gradio==5.49.1"
FULL = "'gradio[oauth,mcp]==5.49.1' 'uvicorn>=0.14.0' 'websockets>=10.4' spaces"


def current(**changes: object) -> BuildPlan:
    return plan(source(**changes), builder=Builder.CURRENT, constraints=CONSTRAINTS)


def installs(made: BuildPlan) -> list[str]:
    """Return what each step of pip installs."""
    return [line.partition("--progress-bar off ")[2] for line in lines(made, "RUN") if "pip install" in line]


def test_the_current_builder_installs_all_in_one_call() -> None:
    made = current(packages="tree\ngit\n", pre_requirements="wheel\n")
    files = "/usr/local/share/hf-spaces-runner"
    assert installs(made) == [
        "--upgrade pip",
        f"--requirement {files}/pre-requirements.txt",
        f"--requirement {files}/requirements.txt {FULL}",
    ]
    (apt,) = (line for line in lines(made, "RUN") if "apt-get" in line)
    assert f"--no-install-recommends {' '.join(HUB_PACKAGES)} tree && " in apt
    assert "constraints.txt" not in made.files


def test_the_current_builder_has_its_own_place_and_python_and_no_root() -> None:
    made = current()
    assert made.python_version == "3.13"
    assert current(python_version="3.10").python_version == "3.10"
    assert lines(made, "WORKDIR") == ["WORKDIR /app"]
    assert "ln -s /app /home/user/app" in lines(made, "RUN")[0]
    assert lines(made, "COPY")[-1] == 'COPY --chown=1000:1000 ["source/", "/app/"]'
    assert lines(made, "USER")[-1] == "USER user"
    assert made.tag != plan(constraints=CONSTRAINTS).tag


def test_without_requirements_there_is_still_the_sdk() -> None:
    assert installs(current(requirements=None))[1:] == [FULL]


@pytest.mark.parametrize("asked", ["gradio==4.0.0", "Gradio[oauth] >= 6", "gradio @ git+https://example.org/gradio"])
def test_a_pin_that_fights_loses_by_the_classic_builder_and_is_told(asked: str) -> None:
    made = plan(source(requirements=f"numpy\n{asked}\n"))
    steps = installs(made)
    assert steps[1].endswith("/requirements.txt")
    assert steps[2] == f"{PIN} uvicorn websockets"
    (warning,) = made.warnings
    assert "README.md for gradio 5.49.1, which wins here" in warning
    (refused,) = current(requirements=asked).warnings
    assert "the Hub's current builder refuses that; --builder classic" in refused


@pytest.mark.parametrize(
    "fits", ["gradio", "gradio>=5", "gradio_client==1.0", "# gradio==4.0", "gradio[oauth]~=5.49.0"]
)
def test_a_requirement_that_fits_is_installed_with_the_pin(fits: str) -> None:
    made = plan(source(requirements=f"{fits}\n"))
    assert made.warnings == ()
    assert installs(made)[-1].endswith(f"/requirements.txt {PIN}")


def test_what_an_app_uses_of_the_hubs_gradio_it_gets() -> None:
    text = "import gradio as gr\nimport spaces\n\ngr.LoginButton()\n"
    assert installs(plan(source(app_text=text)))[-1].endswith("requirements.txt 'gradio[oauth]==5.49.1' spaces")
    assert installs(plan(source(app_text="demo.launch(mcp_server=True)", requirements=None)))[-1] == (
        "'gradio[mcp]==5.49.1'"
    )
    assert installs(plan(source(hf_oauth=True)))[-1].endswith("'gradio[oauth]==5.49.1'")
    # The layer of the SDK is the same as without.
    assert installs(plan(source(app_text=text)))[0] == installs(plan())[0]


def test_the_builder_counts_for_gradio_alone() -> None:
    front = {"sdk": "streamlit", "sdk_version": "1.67.0"}
    assert plan(source(**front), builder=Builder.CURRENT) == plan(source(**front))


def test_files_of_the_other_lists_are_passed_over(tmp_path: Path) -> None:
    made = plan(source(requirements="-r other.txt\n--extra-index-url https://example.org\n", folder=tmp_path))
    assert made.warnings == ()


@pytest.mark.parametrize("builder", list(Builder))
@pytest.mark.parametrize("sdk", [Sdk.GRADIO, Sdk.STREAMLIT])
def test_the_packages_of_a_day(sdk: Sdk, builder: Builder) -> None:
    made = source(sdk=sdk, pre_requirements="wheel\n")
    day = datetime(2024, 5, 2, tzinfo=UTC)
    dated = plan(made, builder=builder, constraints=CONSTRAINTS, before=day)
    steps = [line for line in lines(dated, "RUN") if "pip install" in line]
    by_pip = [step.rpartition("--progress-bar off ")[2] for step in steps if " uv pip " not in step]
    assert by_pip == (["--upgrade pip", "uv"] if builder is Builder.CURRENT and sdk is Sdk.GRADIO else ["uv"])
    by_uv = steps[len(by_pip) :]
    assert len(by_uv) >= 2
    assert all(" uv pip install --exclude-newer 2024-05-02T00:00:00Z " in step for step in by_uv)
    # What is known to fit today is from after that day.
    assert "constraints.txt" not in dated.files
    assert "--constraint" not in dated.dockerfile
    assert dated.before == day
    tags = {plan(made, builder=builder, constraints=CONSTRAINTS, before=before).tag for before in (None, day)}
    assert len(tags) == 2
    assert "uv" not in plan(made, builder=builder, constraints=CONSTRAINTS).dockerfile.split()


@pytest.mark.parametrize(
    ("version", "bound"), [("3.41.2", "'numpy<2'"), ("4.36.1", "'httpx<0.28'"), ("5.20.1", "'huggingface_hub<1'")]
)
def test_a_version_without_constraints_is_kept_from_newer_packages(version: str, bound: str) -> None:
    made = plan(source(sdk_version=version))
    assert bound in installs(made)[0].split()
    assert bound not in installs(plan(source(sdk_version=version), constraints=CONSTRAINTS))[0]
    assert bound not in installs(plan(source(sdk_version=version), builder=Builder.CURRENT))[-1]
    assert installs(plan(source(sdk_version="6.0.2")))[0] == "gradio==6.0.2 uvicorn websockets"
