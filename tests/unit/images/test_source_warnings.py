"""What is told of an image before it is built: another Python, a pin that loses, models that nobody fetches."""

from pathlib import Path

import pytest

from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.domain.request import Builder
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.images.base_name import BASE_REFERENCE
from hf_spaces_runner.images.source import find_image_source
from hf_spaces_runner.planning.preload import HubAccess
from hf_spaces_runner.registry.snapshot import Snapshots

GRADIO = "sdk: gradio\nsdk_version: 5.49.1\n"


def build_of(
    tmp_path: Path,
    front: str,
    *,
    base: str = BASE_REFERENCE,
    builder: Builder = Builder.CLASSIC,
    app: str = "import gradio\n",
) -> BuildPlan:
    (tmp_path / "README.md").write_text(f"---\n{front}---\n")
    (tmp_path / "app.py").write_text(app)
    (tmp_path / "Dockerfile").write_text("FROM debian:12\n")
    found = find_image_source(
        Space(id="x", docker_image="hf-spaces-runner/x:latest", source=tmp_path),
        image_registry="registry.hf.space",
        ca_bundle=None,
        snapshots=Snapshots(tmp_path / "cache"),
        base_image=lambda version: base.replace("{python_version}", version),
        builder=builder,
        hub=HubAccess(endpoint="https://mirror.example"),
    )
    assert found.build is not None
    return found.build


@pytest.mark.parametrize(
    ("front", "builder", "said"),
    [
        ('python_version: "3.9"\n', Builder.CLASSIC, "README.md asks for Python 3.9, and the base image"),
        ("", Builder.CURRENT, "the builder asks for Python 3.13, and the base image"),
    ],
)
def test_a_base_image_with_another_python_is_told(tmp_path: Path, front: str, builder: Builder, said: str) -> None:
    (warning,) = build_of(tmp_path, GRADIO + front, builder=builder).warnings
    assert said in warning
    assert "has 3.11; the setting base_image names another" in warning


def test_nothing_is_told_where_all_is_as_asked(tmp_path: Path) -> None:
    assert build_of(tmp_path, GRADIO).warnings == ()
    made = build_of(tmp_path, GRADIO + 'python_version: "3.9"\n', base="python:{python_version}-slim")
    assert (made.warnings, made.base_image, made.python_version) == ((), "python:3.9-slim", "3.9")
    made = build_of(tmp_path, GRADIO, base="python:{python_version}-slim", builder=Builder.CURRENT)
    assert (made.warnings, made.base_image) == ((), "python:3.13-slim")


def test_models_are_fetched_as_the_hub_is_asked(tmp_path: Path) -> None:
    made = build_of(tmp_path, GRADIO + "preload_from_hub:\n  - user/model config.json\n")
    assert "HF_ENDPOINT=https://mirror.example python" in made.dockerfile
    assert made.files["start.py"].is_file()


def test_a_dockerfile_has_to_fetch_them_itself(tmp_path: Path) -> None:
    made = build_of(tmp_path, "sdk: docker\npreload_from_hub:\n  - user/model\n")
    assert made.warnings == ("preload_from_hub: for the SDK docker nothing is fetched here; its Dockerfile may do it",)
    assert "fetch.py" not in made.dockerfile


def test_the_app_is_read_for_what_it_uses(tmp_path: Path) -> None:
    assert "gradio==5.49.1 spaces\n" in build_of(tmp_path, GRADIO, app="import spaces\n").dockerfile
    assert " spaces\n" not in build_of(tmp_path, GRADIO, app="spaces = 1\n").dockerfile
