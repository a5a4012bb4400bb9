"""What a plan takes from a Space's source: the Node.js that makes its pages, its build arguments, the Hub's login."""

from pathlib import Path
from typing import Any

import pytest

from hf_spaces_runner.domain.hardware import Machine
from hf_spaces_runner.domain.image import BuildPlan, Image, ImageSource
from hf_spaces_runner.domain.progress import Progress
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.domain.space import Sdk, Space
from hf_spaces_runner.errors import ConfigurationError
from hf_spaces_runner.images.base_name import BASE_REFERENCE
from hf_spaces_runner.known_spaces import KnownSpaces
from hf_spaces_runner.planner import Planner
from hf_spaces_runner.registry.snapshot import Snapshots
from hf_spaces_runner.settings import load_settings

PULLED = "python:3.11-slim"
NODE = "node:22-slim"


class Images:
    """An engine with `here` on it, where builds are based on `base`."""

    def __init__(self, base: str, here: tuple[str, ...]) -> None:
        self.base = base
        self.here = here

    def find(self, source: ImageSource) -> Image | None:
        return Image(id="1", reference=source.reference) if source.reference in self.here else None

    def local_base(self, _setting: str, _version: str) -> str:
        return self.base

    def acquire_base(self, _setting: str, _version: str, _on_progress: object) -> str:
        return self.base


def planner(
    tmp_path: Path,
    *,
    base: str = PULLED,
    here: tuple[str, ...] = (),
    said: list[Progress] | None = None,
    **settings: str,
) -> Planner:
    environment = {"HFSR_HOME": str(tmp_path / "home")}
    loaded = load_settings(environment, settings)
    images: Any = Images(base, here)
    return Planner(
        loaded,
        Snapshots(tmp_path / "snapshots"),
        known=KnownSpaces(loaded, environment),
        images=lambda: images,
        machine=lambda: Machine(cpus=4, memory_bytes=8 * 1024**3, gives_gpus=False),
        on_progress=([] if said is None else said).append,
        command="test",
    )


def space(tmp_path: Path, front: str, **files: str) -> Space:
    source = tmp_path / "source"
    source.mkdir()
    (source / "README.md").write_text(f"---\n{front}---\n")
    for name, text in files.items():
        (source / name).write_text(text)
    sdk = Sdk(front.split()[1])
    return Space(id="own", docker_image="hf-spaces-runner-test/own", sdk=sdk, source=source, env={"SIZE": "1"})


def build_of(planner: Planner, space: Space, request: Request) -> BuildPlan:
    (candidate,) = planner.plan_for(space, request, planner.new_run(), builds=True).candidates
    assert candidate.image.build is not None
    return candidate.image.build


@pytest.mark.parametrize(
    ("base", "here", "setting", "begins"),
    [
        (PULLED, (), None, NODE),
        # Ours was made since no image registry answered; Node's image would not come either.
        (BASE_REFERENCE, (), None, BASE_REFERENCE),
        (BASE_REFERENCE, (NODE,), None, NODE),
        (BASE_REFERENCE, (), "localhost/node:24", "localhost/node:24"),
    ],
)
def test_where_the_node_comes_from_that_makes_pages(
    tmp_path: Path, base: str, here: tuple[str, ...], setting: str | None, begins: str
) -> None:
    own = space(tmp_path, "sdk: static\napp_build_command: npm run build\n")
    settings: dict[str, Any] = {} if setting is None else {"node_image": setting}
    plan = build_of(planner(tmp_path, base=base, here=here, **settings), own, Request(space="own"))
    assert plan.dockerfile.startswith(f"FROM {begins} AS pages\n")
    assert bool(plan.warnings) is (begins == BASE_REFERENCE)


def test_a_node_image_of_no_name_is_a_fault_of_the_settings(tmp_path: Path) -> None:
    own = space(tmp_path, "sdk: static\napp_build_command: npm run build\n")
    with pytest.raises(ConfigurationError, match="node_image: 'Node 22' is not the name of an image"):
        build_of(planner(tmp_path, node_image="Node 22"), own, Request(space="own"))


def test_variables_reach_the_build_and_secrets_do_not(tmp_path: Path) -> None:
    own = space(tmp_path, "sdk: docker\n", Dockerfile="FROM debian\nARG SIZE COLOR TOKEN OTHER\n")
    request = Request(
        space="own", environment={"COLOR": "red", "TOKEN": "x", "MORE": "y"}, secrets={"TOKEN": Secret("geheim")}
    )
    plan = build_of(planner(tmp_path), own, request)
    assert plan.build_arguments == {"SIZE": "1", "COLOR": "red"}
    assert "geheim" not in plan.dockerfile
    assert build_of(planner(tmp_path), own, Request(space="own")).build_arguments == {"SIZE": "1"}
    # As the command `hfsr build` and the library have it.
    source = planner(tmp_path).image_source(own, builds=True)
    assert source.build is not None
    assert source.build.build_arguments == {"SIZE": "1"}


def test_that_nobody_can_sign_in_is_told_once(tmp_path: Path) -> None:
    said: list[Progress] = []
    own = space(tmp_path, "sdk: docker\nhf_oauth: true\n", Dockerfile="FROM debian\n")
    planned = planner(tmp_path, said=said)
    request = Request(space="own")
    planned.plan_for(own, request, planned.new_run(), builds=False)
    assert said == []
    for _ in range(2):
        (candidate,) = planned.plan_for(own, request, planned.new_run(), builds=True).candidates
        assert candidate.launch_spec.environment["OAUTH_SCOPES"] == "openid profile"
    (warning,) = said
    assert warning.warning
    assert "nobody can sign in" in warning.message
    other = planner(tmp_path, said=said)
    other.plan_for(own, Request(space="own", environment={"OAUTH_CLIENT_ID": "x"}), other.new_run(), builds=True)
    assert len(said) == 1
