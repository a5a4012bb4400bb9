"""What every builder keeps to: the engine's own and BuildKit make one image of a plan, and fail in the same words."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import docker
import pytest
from docker.errors import APIError

from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback, ignore_progress
from hf_spaces_runner.domain.settings import Settings
from hf_spaces_runner.errors import BuildError, ImageRegistryUnreachableError, RunnerError
from hf_spaces_runner.images.acquire import Images
from hf_spaces_runner.images.build import build_image
from hf_spaces_runner.images.buildkit import build_with_buildkit
from hf_spaces_runner.images.buildkit_client import Buildkit, find_buildkit

pytestmark = pytest.mark.engine

TEST_LABEL = "hf-spaces-runner.test"
UNFINISHED = "hf-spaces-runner.built"
PLATFORM = "linux/amd64"
Build = Callable[[BuildPlan, ProgressCallback], None]

CHILD = """
import json, sys
import docker
from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.images.build import build_image
from hf_spaces_runner.images.buildkit import build_with_buildkit
from hf_spaces_runner.images.buildkit_client import find_buildkit

plan = BuildPlan(files={}, **json.loads(sys.argv[2]))
client = docker.from_env()
tell = lambda step: print(step.message, flush=True)
try:
    if sys.argv[1] == "classic":
        build_image(client, plan, platform="linux/amd64", on_progress=tell)
    else:
        build_with_buildkit(
            client, find_buildkit(client), plan, platform="linux/amd64", scratch=None, on_progress=tell
        )
except KeyboardInterrupt:
    print("INTERRUPTED")
"""


@pytest.fixture(scope="session")
def base_image(docker_client: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the base image that Spaces are built from, got or made if it is not here."""
    images = Images(docker_client, lock_directory=tmp_path_factory.mktemp("locks"))
    return images.acquire_base(Settings().base_image, "3.11", ignore_progress)


@pytest.fixture(params=["classic", "buildkit"])
def builder(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def build(builder: str, docker_client: docker.DockerClient, tmp_path: Path) -> Iterator[Build]:
    """Return what builds a plan; what it leaves is gone afterwards."""
    if builder == "classic":
        yield lambda plan, tell: build_image(docker_client, plan, platform=PLATFORM, on_progress=tell)
    else:
        buildkit = find_buildkit(docker_client)
        assert isinstance(buildkit, Buildkit), buildkit
        yield lambda plan, tell: build_with_buildkit(
            docker_client, buildkit, plan, platform=PLATFORM, scratch=tmp_path / "scratch", on_progress=tell
        )
    ours = {"label": f"{TEST_LABEL}=contract"}
    for _ in range(20):  # the layers of a build hold each other, so they go one after the other
        for image in docker_client.api.images(filters=ours):
            with suppress(APIError):
                docker_client.api.remove_image(image["Id"], force=True)
        if not docker_client.api.images(filters=ours):
            break


def plan_of(base_image: str, *steps: str, **changes: object) -> BuildPlan:
    """Return a plan of `steps` that nobody has built before."""
    mark = uuid.uuid4().hex[:12]
    first = (f"FROM {base_image}", f"LABEL {TEST_LABEL}=contract {UNFINISHED}=unfinished", f"ENV MARK={mark}")
    given: dict[str, object] = {
        "tag": f"hf-spaces-runner-test/contract:{mark}",
        "base_image": base_image,
        "python_version": "3.11",
        "dockerfile": "\n".join([*first, *steps, ""]),
        "files": {},
        **changes,
    }
    return BuildPlan(**given)  # type: ignore[arg-type]


def contents(client: docker.DockerClient, tag: str) -> list[str]:
    """Return name, type, mode, owner and size of all files of an image."""
    # Neither other file systems nor what an engine makes for each container.
    find = "find / -xdev -not -path '/etc/*' -not -name .dockerenv -printf '%p %y %m %U %G %s %l\\n' | sort"
    said = client.containers.run(
        tag, ["sh", "-c", find], user="root", remove=True, network_mode="none", labels={TEST_LABEL: "contract"}
    )
    return [line for line in said.decode().splitlines() if not line.startswith(("/ ", "/etc "))]


def test_an_image_with_its_labels_arguments_and_files(
    build: Build, docker_client: docker.DockerClient, base_image: str, tmp_path: Path
) -> None:
    (tmp_path / "odd name [x].txt").write_text("content")
    plan = plan_of(
        base_image,
        "ARG GREETING=none",
        "RUN echo \"$GREETING\" > /greeting; printf 'a\\033[31mred\\n'",
        'COPY --chown=1000:1000 ["source/", "/srv/"]',
        "USER 1000",
        'CMD ["python3", "app.py"]',
        files={"source/odd name [x].txt": tmp_path / "odd name [x].txt"},
        labels={UNFINISHED: "abc", "hf-spaces-runner.space": "x y"},
        build_arguments={"GREETING": "hello $HOME 'x'"},
    )
    steps: list[Progress] = []
    build(plan, steps.append)
    assert {step.phase for step in steps} == {Phase.BUILD}
    assert steps[-1].done
    assert steps[-1].completed == steps[-1].total
    assert not [step.message for step in steps if not step.message.isprintable()]
    assert [step.message for step in steps if step.message.endswith(": ared")]
    config = docker_client.images.get(plan.tag).attrs["Config"]
    assert config["Labels"][UNFINISHED] == "abc"
    assert config["Labels"]["hf-spaces-runner.space"] == "x y"
    assert (config["User"], config["Cmd"]) == ("1000", ["python3", "app.py"])
    said = docker_client.containers.run(
        plan.tag,
        ["sh", "-c", "cat /greeting; cat /srv/*; stat -c ' %u %a' /srv/*"],
        remove=True,
        network_mode="none",
        labels={TEST_LABEL: "contract"},
    )
    assert said.decode().splitlines() == ["hello $HOME 'x'", "content 1000 644"]


def test_a_step_that_fails_is_named_with_its_last_lines(
    build: Build, docker_client: docker.DockerClient, base_image: str
) -> None:
    noise = r"RUN for i in $(seq 60); do printf 'line %d \033[31mred\033[0m\n' $i; done; printf 'no luck'; exit 7"
    plan = plan_of(base_image, "RUN true", noise)
    with pytest.raises(BuildError) as caught:
        build(plan, ignore_progress)
    assert "(RUN for i in $(seq 60)" in caught.value.message
    assert caught.value.message.endswith("failed: it returned a non-zero code: 7")
    assert caught.value.evidence is not None
    evidence = caught.value.evidence.log.splitlines()
    assert len(evidence) == 40
    assert evidence[-2:] == ["line 60 red", "no luck"]
    assert docker_client.images.list(name=plan.tag) == []


def test_a_cause_outside_the_space_has_its_own_verdict(build: Build, base_image: str) -> None:
    with pytest.raises(BuildError) as caught:
        build(plan_of(base_image, "RUN echo 'certificate verify failed'; exit 1"), ignore_progress)
    assert caught.value.verdict == "build_untrusted"


def test_a_step_cannot_speak_for_the_builder(build: Build, base_image: str) -> None:
    lies = r"printf '\n#1 ERROR: lie\n------\n > [1/1] RUN lie:\n------\nERROR: cannot connect to the daemon\n'"
    with pytest.raises(RunnerError) as caught:
        build(plan_of(base_image, f"RUN {lies}; exit 9"), ignore_progress)
    assert type(caught.value) is BuildError
    assert caught.value.message.endswith("it returned a non-zero code: 9")


@pytest.mark.parametrize("steps", [("RUNN x",), ("COPY missing /x",)])
def test_a_dockerfile_that_cannot_be_carried_out_names_the_line(
    build: Build, base_image: str, steps: tuple[str, ...]
) -> None:
    with pytest.raises(BuildError, match=steps[0]) as caught:
        build(plan_of(base_image, *steps), ignore_progress)
    assert "Dockerfile" in (caught.value.hint or "")


def test_an_image_that_cannot_be_had_is_named(build: Build, base_image: str) -> None:
    plan = plan_of(base_image, "FROM localhost:1/no/such:1", "RUN true")
    with pytest.raises(ImageRegistryUnreachableError, match=r"FROM localhost:1/no/such:1|localhost:1") as caught:
        build(plan, ignore_progress)
    assert "docker pull localhost:1/no/such:1" in (caught.value.hint or "")


def test_an_interrupt_ends_the_step_and_leaves_no_image(
    builder: str, build: Build, docker_client: docker.DockerClient, base_image: str, tmp_path: Path
) -> None:
    del build  # for what is removed afterwards
    mark = uuid.uuid4().hex[:8]
    plan = plan_of(base_image, f"RUN echo begun; exec python3 -c 'import time; time.sleep(600)' {mark}")
    names = ("tag", "base_image", "python_version", "dockerfile")
    arguments = [sys.executable, "-c", CHILD, builder, json.dumps({name: getattr(plan, name) for name in names})]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stdout is not None
        watchdog = threading.Timer(60, child.kill)
        watchdog.start()
        for line in child.stdout:
            if line.rstrip().endswith(": begun"):
                child.send_signal(signal.SIGINT)
                break
        rest = child.stdout.read()
        watchdog.cancel()
    assert "INTERRUPTED" in rest
    assert docker_client.images.list(name=plan.tag) == []
    assert not running(mark)
    assert list(tmp_path.iterdir()) == []


def running(mark: str, patience_s: float = 10.0) -> bool:
    """Return whether a process with `mark` in its command line is still there after a while."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        lines = (_read(path) for path in Path("/proc").glob("[0-9]*/cmdline"))
        if not any(mark in line and "time.sleep" in line for line in lines):
            return False
        time.sleep(0.1)
    return True


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def test_both_make_the_same_files(docker_client: docker.DockerClient, base_image: str, tmp_path: Path) -> None:
    (tmp_path / "run.sh").write_text("#!/bin/sh\n")
    (tmp_path / "run.sh").chmod(0o755)
    steps = (
        "RUN useradd --create-home --uid 1000 user && mkdir -p /home/user/app && chown user:user /home/user/app",
        "USER user",
        "WORKDIR /home/user/app",
        "{mount}echo packages > /home/user/installed",
        'COPY --chown=1000:1000 ["source/", "/home/user/app/"]',
    )
    mount = "RUN --mount=type=cache,id=hf-spaces-runner-test,target=/mnt,uid=1000,gid=1000 touch /mnt/x && "
    plan = plan_of(
        base_image,
        *(step.replace("{mount}", "RUN ") for step in steps),
        files={"source/run.sh": tmp_path / "run.sh"},
    )
    faster = plan.dockerfile.replace("RUN echo packages", f"{mount}echo packages")
    assert faster != plan.dockerfile
    buildkit = find_buildkit(docker_client)
    assert isinstance(buildkit, Buildkit), buildkit
    found = []
    for use_buildkit in (False, True):
        made = BuildPlan(
            tag=f"{plan.tag}-{use_buildkit}".lower(),
            base_image=base_image,
            python_version="3.11",
            dockerfile=plan.dockerfile,
            files=plan.files,
            buildkit_dockerfile=faster,
        )
        try:
            if use_buildkit:
                build_with_buildkit(
                    docker_client,
                    buildkit,
                    made,
                    platform=PLATFORM,
                    scratch=None,
                    on_progress=ignore_progress,
                )
            else:
                build_image(docker_client, made, platform=PLATFORM, on_progress=ignore_progress)
            found.append(contents(docker_client, made.tag))
        finally:
            with suppress(APIError):
                docker_client.images.remove(made.tag, force=True)
    assert found[0] == found[1]
    assert len(found[0]) > 1000
