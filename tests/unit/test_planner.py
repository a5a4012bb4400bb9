"""What a plan is made from: in privacy nobody is asked for a base image either."""

from pathlib import Path
from typing import Any

import pytest

from hf_spaces_runner.domain.progress import ignore_progress
from hf_spaces_runner.domain.request import PullPolicy, Request
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.known_spaces import KnownSpaces
from hf_spaces_runner.planner import Planner
from hf_spaces_runner.registry.snapshot import Snapshots
from hf_spaces_runner.settings import load_settings


class Images:
    """An engine without any image."""

    def __init__(self) -> None:
        self.wanted: list[str] = []

    def local_base(self, _setting: str, _version: str) -> None:
        return None

    def acquire_base(self, setting: str, version: str, _on_progress: object) -> str:
        self.wanted.append(version)
        return setting.replace("{python_version}", version)


@pytest.mark.parametrize(("privacy", "wanted"), [(True, []), (False, ["3.12"])])
def test_in_privacy_no_base_image_is_got(tmp_path: Path, privacy: bool, wanted: list[str]) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "README.md").write_text("---\nsdk: gradio\nsdk_version: 5.49.1\npython_version: '3.12'\n---\n")
    (source / "app.py").touch()
    environment = {"HFSR_HOME": str(tmp_path / "home")}
    settings, images = load_settings(environment), Images()
    fake: Any = images
    planner = Planner(
        settings,
        Snapshots(tmp_path / "snapshots"),
        known=KnownSpaces(settings, environment),
        images=lambda: fake,
        on_progress=ignore_progress,
        command="test",
    )
    space = Space(id="own", docker_image="hf-spaces-runner-test/own", source=source)
    request = Request(space="own", privacy=privacy)
    (candidate,) = planner.plan_for(space, request, planner.new_run(), builds=True).candidates
    assert images.wanted == wanted
    assert candidate.image.build is not None
    assert candidate.image.build.base_image == "python:3.12-slim"
    assert candidate.pull is (PullPolicy.NEVER if privacy else PullPolicy.MISSING)
