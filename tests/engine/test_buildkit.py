"""BuildKit on a real engine: secrets that stay nowhere, caches that no hostile Space reaches, engines too old."""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import docker
import pytest
from docker.errors import APIError

from hf_spaces_runner.domain.image import BuildkitNeed, BuildPlan
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.domain.settings import BuildkitUse
from hf_spaces_runner.errors import BuildError
from hf_spaces_runner.images.buildkit_client import Buildkit, find_buildkit
from hf_spaces_runner.images.carry_out import carry_out
from hf_spaces_runner.planning.build_plan import plan_build
from hf_spaces_runner.planning.pip_command import Pip
from hf_spaces_runner.registry.space_source import read_space_source
from tests.engine.image_registry import TEST_LABEL

pytestmark = pytest.mark.engine

VALUE = "hunter2-" + "x" * 24
Build = Callable[[BuildPlan], list[str]]


@pytest.fixture
def build(docker_client: docker.DockerClient, tmp_path: Path) -> Iterator[Build]:
    """Return what builds a plan and returns what was shown; the images are gone afterwards."""
    tags: list[str] = []

    def built(plan: BuildPlan) -> list[str]:
        tags.append(plan.tag)
        shown: list[str] = []
        carry_out(
            docker_client,
            plan,
            use=BuildkitUse.ALWAYS,
            platform="linux/amd64",
            scratch=tmp_path / "scratch",
            on_progress=lambda step: shown.append(step.message),
        )
        return shown

    yield built
    for tag in tags:
        with suppress(APIError):
            docker_client.images.remove(tag, force=True)


def plan_of(base_image: str, *steps: str, **changes: object) -> BuildPlan:
    mark = uuid.uuid4().hex[:12]
    lines = (f"FROM {base_image}", f"LABEL {TEST_LABEL}=build", f"ENV MARK={mark}", *steps, "")
    given: dict[str, object] = {
        "tag": f"hf-spaces-runner-test/buildkit:{mark}",
        "base_image": base_image,
        "python_version": "3.11",
        "dockerfile": "\n".join(lines),
        "files": {},
        "buildkit_dockerfile": "\n".join(lines),
        **changes,
    }
    return BuildPlan(**given)  # type: ignore[arg-type]


def docker_space(folder: Path, dockerfile: str) -> BuildPlan:
    """Return the plan of a Space of the SDK docker, named after its folder."""
    folder.mkdir()
    (folder / "README.md").write_text("---\ntitle: x\nsdk: docker\n---\n")
    (folder / "Dockerfile").write_text(dockerfile)
    repository = f"hf-spaces-runner-test/{folder.name}"
    source = read_space_source(folder)
    return plan_build(source, space_id=folder.name, repository=repository, base_image="", dockerfile=dockerfile)


def test_a_secret_is_there_for_its_step_and_nowhere_else(
    build: Build, docker_client: docker.DockerClient, base_image: str, tmp_path: Path
) -> None:
    plan = plan_of(
        base_image,
        "RUN --mount=type=secret,id=TOKEN,required=true"
        " cat /run/secrets/TOKEN && echo && [ $(wc -c < /run/secrets/TOKEN) = 32 ] && env > /seen",
        "RUN ! test -e /run/secrets/TOKEN",
        secrets={"TOKEN": Secret(VALUE)},
    )
    shown = build(plan)
    assert [line for line in shown if line.endswith(": ***")]
    assert VALUE not in "".join(shown)
    assert not [path for path in (tmp_path / "scratch").rglob("*") if path.name != "lock"]
    image = docker_client.images.get(plan.tag)
    assert VALUE not in json.dumps(image.history())
    assert VALUE not in json.dumps(image.attrs)
    assert VALUE.encode() not in b"".join(image.save(chunk_size=2**24))


def test_a_step_that_prints_a_secret_and_fails_does_not_tell_it(build: Build, base_image: str) -> None:
    step = "RUN --mount=type=secret,id=TOKEN cat /run/secrets/TOKEN; echo; exit 3"
    with pytest.raises(BuildError) as caught:
        build(plan_of(base_image, step, secrets={"TOKEN": Secret(VALUE)}))
    assert caught.value.evidence is not None
    assert caught.value.evidence.log == "***"
    assert VALUE not in caught.value.message


def test_what_this_engine_is_too_old_for_is_told_before(build: Build, base_image: str) -> None:
    needs = (BuildkitNeed(place="/s/Dockerfile:3:1", what="COPY --link", engine=999),)
    with pytest.raises(BuildError, match=r"^/s/Dockerfile:3:1: COPY --link needs the BuildKit of engine 999 or later"):
        build(plan_of(base_image, needs=needs))


def test_a_hostile_dockerfile_reaches_no_cache_of_others(build: Build, base_image: str, tmp_path: Path) -> None:
    mark = uuid.uuid4().hex[:8]
    pip = Pip().cached_for("hf-spaces-runner-test/victim")
    ours, own = (pip.install(f"x-{mark}", ours=shared).split()[1] for shared in (True, False))
    poison = "".join(
        f"RUN {mount} echo {mark} > /mnt/poison-{mark}; ls /mnt\n"
        for mount in (ours, own, "--mount=type=cache,target=/mnt")
    )
    namespace = "ARG BUILDKIT_CACHE_MOUNT_NS=\nENV BUILDKIT_CACHE_MOUNT_NS=\n"
    evil = docker_space(tmp_path / f"evil-{mark}", f"FROM {base_image}\n{namespace}USER root\n{poison}")
    assert [line for line in build(evil) if line.endswith(f"poison-{mark}")]
    look = "ls -A /mnt"
    victim = plan_of(base_image, f"RUN {ours} {look}", f"RUN {own} {look}")
    assert not [line for line in build(victim) if line.endswith(f"poison-{mark}")]
    other = docker_space(
        tmp_path / f"other-{mark}", f"FROM {base_image}\nUSER root\nRUN --mount=type=cache,target=/mnt {look}\n"
    )
    assert not [line for line in build(other) if line.endswith(f"poison-{mark}")]


def test_code_that_a_space_requires_reaches_no_cache_of_others(build: Build, base_image: str) -> None:
    mark = uuid.uuid4().hex[:8]
    evil, victim = (Pip().cached_for(f"hf-spaces-runner-test/{name}-{mark}") for name in ("evil", "victim"))
    # Where a setup.py runs: in a step of ours, with what is mounted there.
    mount = evil.install("x").split()[1]
    build(plan_of(base_image, f"RUN {mount} find / -xdev -type d -writable 2>/dev/null | head -1; echo > /mnt/{mark}"))
    assert [line for line in build(plan_of(base_image, f"RUN {mount} ls /mnt")) if line.endswith(f": {mark}")]
    for pip, shared in ((victim, False), (victim, True), (evil, True)):
        mount = pip.install("x", ours=shared).split()[1]
        assert not [line for line in build(plan_of(base_image, f"RUN {mount} ls /mnt")) if line.endswith(f": {mark}")]


def test_what_is_in_a_cache_is_there_for_the_next_build(build: Build, base_image: str) -> None:
    mark = uuid.uuid4().hex[:8]
    mount = Pip().cached_for(f"hf-spaces-runner-test/{mark}").install("x").split()[1]
    build(plan_of(base_image, f"RUN {mount} echo kept > /mnt/wheel-{mark}"))
    shown = build(plan_of(base_image, f"RUN {mount} cat /mnt/wheel-{mark}"))
    assert [line for line in shown if line.endswith(": kept")]


def test_a_host_network_is_not_to_be_had(docker_client: docker.DockerClient, build: Build, base_image: str) -> None:
    assert isinstance(find_buildkit(docker_client), Buildkit)
    for flag in ("--network=host", "--security=insecure"):
        with pytest.raises(BuildError):
            build(plan_of(base_image, f"RUN {flag} true"))
