"""What is said before a build that no builder here can do."""

from contextlib import closing

import docker
import pytest

from hf_spaces_runner.domain.image import BuildkitNeed, BuildPlan
from hf_spaces_runner.domain.progress import ignore_progress
from hf_spaces_runner.domain.settings import BuildkitUse
from hf_spaces_runner.errors import BuildError, UsageError
from hf_spaces_runner.images import carry_out as module
from hf_spaces_runner.images.carry_out import carry_out

PLAN = {"tag": "test/x:1", "base_image": "a", "python_version": "3.11", "dockerfile": "FROM a\n", "files": {}}


def carry(plan: BuildPlan, use: BuildkitUse = BuildkitUse.NEVER) -> None:
    with closing(docker.DockerClient(base_url="unix:///nowhere", version="1.41")) as client:
        carry_out(client, plan, use=use, platform="linux/amd64", scratch=None, on_progress=ignore_progress)


def test_a_step_that_needs_buildkit_is_named() -> None:
    needs = (BuildkitNeed(place="/s/Dockerfile:3:1", what="RUN --mount", engine=20),)
    with pytest.raises(BuildError) as caught:
        carry(BuildPlan(needs=needs, **PLAN))  # type: ignore[arg-type]
    assert caught.value.message == "/s/Dockerfile:3:1: RUN --mount needs BuildKit: the setting buildkit says never"
    assert "docker_image" in (caught.value.hint or "")


@pytest.mark.parametrize(("use", "asked"), [("auto", False), ("always", True), ("never", False)])
def test_what_needs_no_buildkit_has_it_only_where_the_user_wants_it(
    monkeypatch: pytest.MonkeyPatch, use: str, *, asked: bool
) -> None:
    done: list[str] = []

    def find(_client: object) -> str:
        done.append("asked")
        return "none is here"

    monkeypatch.setattr(module, "find_buildkit", find)
    monkeypatch.setattr(module, "build_image", lambda *_, **__: done.append("classic"))
    carry(BuildPlan(**PLAN), BuildkitUse(use))  # type: ignore[arg-type]
    assert done == [*(["asked"] if asked else []), "classic"]


def test_a_missing_secret_names_its_option() -> None:
    with pytest.raises(UsageError, match="needs the secret A and B") as caught:
        carry(BuildPlan(missing_secrets=("A", "B"), **PLAN))  # type: ignore[arg-type]
    assert caught.value.hint == "--secret A --secret B gives the build its value"
