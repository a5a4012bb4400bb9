"""Builds on a real engine: a tiny Gradio Space, steps that fail, interrupts, processes that want the same image."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import docker
import pytest
from docker.errors import APIError

from hf_spaces_runner.domain.image import BuildPlan, ImageSource
from hf_spaces_runner.domain.progress import Phase, Progress, ignore_progress
from hf_spaces_runner.domain.request import PullPolicy
from hf_spaces_runner.errors import BuildError, ImageNotFoundError, ImageRegistryUnreachableError, InvalidRegistryError
from hf_spaces_runner.images.acquire import Images
from hf_spaces_runner.images.base_name import base_image_name
from hf_spaces_runner.images.debootstrap import make_base_image, missing_for_debootstrap
from hf_spaces_runner.planning.build_plan import plan_build
from hf_spaces_runner.registry.registry import bundled_registry_directory
from hf_spaces_runner.registry.space_source import find_constraints, read_space_source
from hf_spaces_runner.settings import load_settings
from tests.engine.image_registry import TEST_LABEL

pytestmark = pytest.mark.engine

BUILD = """
import json, sys
from pathlib import Path
import docker
from hf_spaces_runner.domain.image import BuildPlan, ImageSource
from hf_spaces_runner.domain.request import PullPolicy
from hf_spaces_runner.images.acquire import Images

plan = BuildPlan(files={}, **json.loads(sys.argv[1]))
images = Images(docker.from_env(), lock_directory=Path(sys.argv[2]))
source = ImageSource(reference=plan.tag, build=plan)
try:
    image = images.acquire(source, PullPolicy.MISSING, lambda step: print(step.message, flush=True))
    print("ID", image.id)
except KeyboardInterrupt:
    print("INTERRUPTED")
"""
MAKE_BASE = """
import sys
import docker
from hf_spaces_runner.images.debootstrap import make_base_image

try:
    make_base_image(docker.from_env(), sys.argv[1], lambda line: print(line, flush=True))
except KeyboardInterrupt:
    print("INTERRUPTED")
"""
README = "---\ntitle: Tiny\nsdk: gradio\nsdk_version: 5.49.1\n---\n"
APP = "import gradio\ngradio.Interface(str.upper, 'text', 'text').launch()\n"


@pytest.fixture
def images(docker_client: docker.DockerClient, tmp_path: Path) -> Iterator[Images]:
    """Return Images; what the test builds is gone afterwards, with the layers of builds that failed."""
    yield Images(docker_client, lock_directory=tmp_path / "locks")
    for _ in range(20):  # the layers of a build hold each other, so they go one after the other
        for image in docker_client.images.list(all=True, filters={"label": f"{TEST_LABEL}=build"}):
            with suppress(APIError):
                docker_client.images.remove(str(image.id), force=True)


@pytest.fixture
def ca_bundle(outer_environment: dict[str, str]) -> Path | None:
    """Return the CA bundle that the person who started the tests trusts."""
    variables = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT")
    return load_settings({name: outer_environment.get(name, "") for name in variables}).values.ca_bundle


def plan_of(base_image: str, tag: str, *steps: str) -> BuildPlan:
    """Return a plan of `steps` that needs nothing from outside."""
    dockerfile = "\n".join([f"FROM {base_image}", f"LABEL {TEST_LABEL}=build", *steps, ""])
    return BuildPlan(
        tag=f"hf-spaces-runner-test/{tag}",
        base_image=base_image,
        python_version="3.11",
        dockerfile=dockerfile,
        files={},
    )


def as_argument(plan: BuildPlan) -> str:
    """Return `plan` as the script of a child reads it."""
    names = ("tag", "base_image", "python_version", "dockerfile")
    return json.dumps({name: getattr(plan, name) for name in names})


def source_of(plan: BuildPlan) -> ImageSource:
    return ImageSource(reference=plan.tag, build=plan)


def running_with(client: docker.DockerClient, value: str) -> list[str]:
    """Return the containers, ended ones too, whose image carries the test label with `value`."""
    found = client.containers.list(all=True, filters={"label": f"{TEST_LABEL}={value}"}, ignore_removed=True)
    return [str(container.name) for container in found]


def test_a_tiny_space_is_built_once(
    images: Images, docker_client: docker.DockerClient, base_image: str, ca_bundle: Path | None, tmp_path: Path
) -> None:
    folder = tmp_path / "tiny space"
    folder.mkdir()
    (folder / "README.md").write_text(README)
    (folder / "my app $HOME.py").write_text(APP)
    (folder / "README.md").write_text(README.replace("---\n", "---\napp_file: my app $HOME.py\n", 1))
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9 *[$x].txt")).write_text("odd name")
    (folder / ".env").write_text("TOKEN=secret")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    source = read_space_source(folder)
    plan = plan_build(
        source,
        space_id="tiny",
        repository="hf-spaces-runner-test/tiny",
        base_image=base_image,
        constraints=find_constraints(
            bundled_registry_directory() / "constraints", source.front_matter.sdk, source.front_matter.sdk_version
        ),
        ca_bundle=ca_bundle,
    )
    plan = replace(plan, labels={**plan.labels, TEST_LABEL: "build"})
    steps: list[Progress] = []
    image = images.acquire(source_of(plan), PullPolicy.MISSING, steps.append)
    assert (image.reference, image.user, image.digest) == (plan.tag, "user", None)
    assert (image.command, image.working_directory) == (("python", "my app $HOME.py"), "/home/user/app")
    counted = [step for step in steps if step.total is not None]
    assert counted
    assert {(step.phase, step.unit) for step in steps} == {(Phase.BUILD, "steps")}
    assert [step.completed for step in counted] == sorted(step.completed or 0 for step in counted)
    assert steps[-1].done
    assert steps[-1].completed == steps[-1].total
    assert not [step for step in steps if not step.message.isprintable()]

    config = docker_client.images.get(plan.tag).attrs["Config"]
    assert "CERT" not in "".join(config["Env"])
    assert config["Labels"]["hf-spaces-runner.built"] == plan.labels["hf-spaces-runner.built"]
    assert config["Labels"]["hf-spaces-runner.space"] == "tiny"
    script = (
        "import gradio, os, sys; print(gradio.__version__, os.getuid(), sys.prefix, os.access('.', os.W_OK),"
        " os.access(sys.prefix, os.W_OK), os.access('run.sh', os.X_OK), sorted(map(os.fsencode, os.listdir())))"
    )
    said = docker_client.containers.run(
        plan.tag, ["python", "-c", script], remove=True, network_mode="none", labels={TEST_LABEL: "look"}
    )
    names = [b"README.md", b"caf\xe9 *[$x].txt", b"my app $HOME.py", b"run.sh"]
    assert said.decode().strip() == f"5.49.1 1000 /opt/venv True True True {names}"

    again: list[Progress] = []
    assert images.acquire(source_of(plan), PullPolicy.ALWAYS, again.append) == image
    assert images.acquire(source_of(plan), PullPolicy.NEVER, again.append) == image
    assert again == []


def test_a_step_that_fails_is_named(images: Images, docker_client: docker.DockerClient, base_image: str) -> None:
    noise = r"RUN for i in $(seq 60); do printf 'line %d \033[31mred\033[0m\n' $i; done; printf 'no luck'; exit 7"
    plan = plan_of(base_image, "fails:1", "RUN true", noise)
    with pytest.raises(BuildError) as caught:
        images.acquire(source_of(plan), PullPolicy.MISSING, ignore_progress)
    assert "step 4/4 (RUN for i in $(seq 60)" in caught.value.message
    assert caught.value.message.endswith("it returned a non-zero code: 7")
    assert caught.value.evidence is not None
    evidence = caught.value.evidence.log.splitlines()
    assert len(evidence) == 40
    assert evidence[-2:] == ["line 60 red", "no luck"]
    assert docker_client.images.list(name=plan.tag) == []
    assert running_with(docker_client, "build") == []


def test_a_package_index_that_is_not_trusted_names_the_setting(images: Images, base_image: str) -> None:
    said = "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed'))"
    plan = plan_of(base_image, "untrusted:1", f'RUN echo "{said}"; exit 1')
    with pytest.raises(BuildError) as caught:
        images.acquire(source_of(plan), PullPolicy.MISSING, ignore_progress)
    assert "ca_bundle" in (caught.value.hint or "")


def test_packages_that_are_commands_never_reach_the_engine(base_image: str, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(README)
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "packages.txt").write_text("ffmpeg\ncurl; touch /owned\n")
    with pytest.raises(InvalidRegistryError, match=r"packages\.txt:2:1: 'curl;'"):
        plan_build(read_space_source(tmp_path), space_id="x", repository="test/x", base_image=base_image)


def test_never_builds_nothing(images: Images, base_image: str) -> None:
    steps: list[Progress] = []
    with pytest.raises(ImageNotFoundError, match="--pull never"):
        images.acquire(source_of(plan_of(base_image, "never:1")), PullPolicy.NEVER, steps.append)
    assert steps == []


def test_a_base_image_that_cannot_be_had(images: Images) -> None:
    plan = plan_of("127.0.0.1:1/no-base:1", "no-base:1")
    with pytest.raises(ImageRegistryUnreachableError, match=r"127\.0\.0\.1:1/no-base:1"):
        images.acquire(source_of(plan), PullPolicy.MISSING, ignore_progress)


def test_a_file_that_is_gone(images: Images, base_image: str, tmp_path: Path) -> None:
    plan = replace(plan_of(base_image, "gone:1"), files={"x": tmp_path / "gone"})
    with pytest.raises(BuildError, match="gone"):
        images.acquire(source_of(plan), PullPolicy.MISSING, ignore_progress)


def interrupted(command: list[str], sign: str) -> str:
    """Run `command`, press Ctrl-C when it has printed `sign`, and return what it printed."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    said = ""
    for line in child.stdout:
        said += line
        if sign in line:
            child.send_signal(signal.SIGINT)
            break
    said += child.communicate()[0]
    assert child.returncode == 0
    return said


@pytest.mark.usefixtures("images")
def test_an_interrupted_build_leaves_nothing(
    docker_client: docker.DockerClient, base_image: str, tmp_path: Path
) -> None:
    plan = plan_of(base_image, "interrupted:1", "RUN echo it runs; sleep 300")
    said = interrupted([sys.executable, "-c", BUILD, as_argument(plan), str(tmp_path)], "Step 3/3: it runs")
    assert said.splitlines()[-1] == "INTERRUPTED"
    assert running_with(docker_client, "build") == []
    assert docker_client.images.list(name=plan.tag) == []
    # The next one is not kept waiting by the lock of the one that was interrupted.
    shorter = replace(plan, dockerfile=plan.dockerfile.replace("sleep 300", "true"))
    assert (
        Images(docker_client, lock_directory=tmp_path)
        .acquire(source_of(shorter), PullPolicy.MISSING, ignore_progress)
        .id
    )


@pytest.mark.usefixtures("images")
def test_two_processes_build_an_image_once(docker_client: docker.DockerClient, base_image: str, tmp_path: Path) -> None:
    plan = plan_of(base_image, "once:1", "RUN cat /proc/sys/kernel/random/uuid > /id && sleep 2")
    command = [sys.executable, "-c", BUILD, as_argument(plan), str(tmp_path)]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [child.communicate()[0] for child in children]
    assert [child.returncode for child in children] == [0, 0]
    assert sum(f"built {plan.tag}" in text for text in said) == 1
    assert sum("another process builds hf-spaces-runner-test/once" in text for text in said) == 1
    assert {text.splitlines()[-1] for text in said} == {f"ID {docker_client.images.get(plan.tag).id}"}


def test_two_threads_build_an_image_once(images: Images, base_image: str) -> None:
    plan = plan_of(base_image, "threads:1", "RUN cat /proc/sys/kernel/random/uuid > /id && sleep 1")
    steps: list[Progress] = []
    threads = [
        threading.Thread(target=images.acquire, args=(source_of(plan), PullPolicy.MISSING, steps.append))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([step for step in steps if step.done]) == 1


def test_the_name_of_the_base_image() -> None:
    assert base_image_name("python:{python_version}-slim", "3.11") == "python:3.11-slim"
    assert base_image_name("mirror.example/debian:12", "3.11") == "mirror.example/debian:12"


def test_an_interrupted_base_image_leaves_nothing(docker_client: docker.DockerClient) -> None:
    reference = "hf-spaces-runner-test/base:interrupted"
    if missing_for_debootstrap() is not None:
        with pytest.raises(ImageRegistryUnreachableError) as caught:
            make_base_image(docker_client, reference, print)
        assert "debootstrap" in (caught.value.hint or "")
        return
    before = set(Path(tempfile.gettempdir()).glob("hfsr-base-*"))
    said = interrupted([sys.executable, "-c", MAKE_BASE, reference], "Extracting")
    assert said.splitlines()[-1] == "INTERRUPTED"
    assert set(Path(tempfile.gettempdir()).glob("hfsr-base-*")) == before
    assert "hfsr-base-" not in Path("/proc/mounts").read_text()
    assert docker_client.images.list(name=reference) == []
