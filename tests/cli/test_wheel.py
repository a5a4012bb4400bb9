"""The wheel: what it carries, and that it works in an environment that never saw the checkout."""

import json
import subprocess
import sys
import venv
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

import hf_spaces_runner

CHECKOUT = Path(__file__).parents[2]
REGISTRY = "hf_spaces_runner/bundled_registry"

pytestmark = pytest.mark.network  # the package index


def run(*command: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    """Return the standard output of `command`, which must succeed."""
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory, outer_environment: Mapping[str, str]) -> Path:
    """Build the wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    # The person's own environment: pip reads its configuration from their home.
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, CHECKOUT, cwd=folder, env=outer_environment)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory, outer_environment: Mapping[str, str]) -> Path:
    """Return the folder of commands of an environment that has the wheel, its dependencies and nothing else."""
    folder = tmp_path_factory.mktemp("empty") / "venv"
    venv.create(folder, with_pip=True)
    run(folder / "bin/python", "-m", "pip", "install", "--quiet", wheel, cwd=folder, env=outer_environment)
    return folder / "bin"


def test_it_carries_the_registry_and_the_sources_of_the_spaces(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    sources = {path.relative_to(CHECKOUT / "registry").as_posix() for path in CHECKOUT.glob("registry/**/*.y*ml")}
    sources |= {path.relative_to(CHECKOUT / "registry").as_posix() for path in CHECKOUT.glob("registry/**/*.json")}
    spaces = [path.parent.name for path in CHECKOUT.glob("registry/spaces/*/app.py")]
    assert "registry.yaml" in sources
    assert {"vader-sentiment", "sphinx-transcription", "face-detection"} <= set(spaces)
    for name in sources:
        assert f"{REGISTRY}/{name}" in names
    for space in spaces:
        for file in ("app.py", "README.md", "requirements.txt"):
            assert f"{REGISTRY}/spaces/{space}/{file}" in names
    assert "hf_spaces_runner/py.typed" in names


def test_it_carries_the_licence_and_no_tests(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    version = hf_spaces_runner.__version__
    assert f"hf_spaces_runner-{version}.dist-info/licenses/LICENSE" in names
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"hf_spaces_runner", f"hf_spaces_runner-{version}.dist-info"}
    assert not [name for name in names if "__pycache__" in name]


def test_both_commands_and_the_module_run(installed: Path, tmp_path: Path) -> None:
    version = hf_spaces_runner.__version__
    assert version in run(installed / "hfsr", "--version", cwd=tmp_path)
    assert version in run(installed / "hf-spaces-runner", "--version", cwd=tmp_path)
    assert "Usage" in run(installed / "python", "-m", "hf_spaces_runner", "--help", cwd=tmp_path)


def test_the_installed_copy_lists_the_bundled_spaces(installed: Path, tmp_path: Path) -> None:
    listed = run(installed / "hfsr", "list", "--json", cwd=tmp_path)
    json.loads(listed)
    for space in ("vader-sentiment", "sphinx-transcription", "face-detection"):
        assert f'"{space}"' in listed


def test_the_installed_copy_writes_nothing_where_it_runs(installed: Path, tmp_path: Path) -> None:
    run(installed / "hfsr", "list", cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []
