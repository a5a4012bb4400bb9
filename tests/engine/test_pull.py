"""Pulls from a real image registry with real logins: what comes, what is said about what does not, and how often."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from hf_spaces_runner.domain.image import ImageSource
from hf_spaces_runner.domain.progress import Phase, Progress, ignore_progress
from hf_spaces_runner.domain.request import PullPolicy
from hf_spaces_runner.errors import (
    ImageNotFoundError,
    ImageRegistryUnreachableError,
    ImageUnauthorizedError,
    WrongArchitectureError,
)
from hf_spaces_runner.images.acquire import Images
from hf_spaces_runner.images.retry import RetryPolicy
from tests.engine.image_registry import (
    PASSWORD,
    TEST_LABEL,
    ImageRegistry,
    Proxy,
    forget,
    image_registry,
    image_registry_image,
    load_image,
    log_in,
    running_proxy,
    running_registry,
)

__all__ = ["image_registry", "image_registry_image"]  # fixtures

pytestmark = pytest.mark.engine

PULL = """
import sys
from pathlib import Path
import docker
from hf_spaces_runner.domain.image import ImageSource
from hf_spaces_runner.domain.request import PullPolicy
from hf_spaces_runner.images.acquire import Images

images = Images(docker.from_env(), lock_directory=Path(sys.argv[2]))
source = ImageSource(reference=sys.argv[1])
image = images.acquire(source, PullPolicy.MISSING, lambda step: print(step.message, flush=True))
print("DIGEST", image.digest)
"""


def no_wait(_: float) -> None:
    """Stand in for sleep."""


@pytest.fixture
def engine_images(tmp_path: Path) -> Iterator[Images]:
    """Return Images on a client that has read the test's own configuration of Docker, which has no login yet."""
    client = docker.from_env()
    yield Images(client, lock_directory=tmp_path / "locks", retry=RetryPolicy(attempts=3, sleep=no_wait))
    client.close()


@pytest.fixture
def put(image_registry: ImageRegistry, docker_client: docker.DockerClient) -> Iterator[Callable[..., tuple[str, str]]]:
    """Return what puts a small image into the registry; nothing of it stays on the engine after the test."""
    references: list[str] = []

    def put(name: str, content: bytes = b"content", **options: str) -> tuple[str, str]:
        reference, digest = image_registry.put(name, content, **options)
        references.append(reference)
        return reference, digest

    yield put
    for reference in references:
        forget(docker_client, reference)


@pytest.fixture
def proxy(image_registry: ImageRegistry) -> Iterator[Proxy]:
    """Return a proxy before the registry."""
    with running_proxy(image_registry.host) as proxy:
        yield proxy


def behind(proxy: Proxy, reference: str) -> ImageSource:
    """Return the image `reference` as it is called at the proxy."""
    return ImageSource(reference=f"{proxy.host}/{reference.partition('/')[2]}")


def test_an_image_is_pulled_with_progress_and_its_digest(
    engine_images: Images, image_registry: ImageRegistry, put: Callable[..., tuple[str, str]]
) -> None:
    reference, digest = put("pulled", os.urandom(400_000))
    log_in(image_registry.host)
    steps: list[Progress] = []
    image = engine_images.acquire(ImageSource(reference=reference), PullPolicy.MISSING, steps.append)
    assert (image.reference, image.digest) == (reference, digest)
    assert image.size_bytes >= 400_000
    assert {step.phase for step in steps} == {Phase.PULL}
    counted = [step for step in steps if step.total is not None]
    assert counted
    assert all(step.unit == "bytes" for step in counted)
    assert [step.completed for step in counted] == sorted(step.completed or 0 for step in counted)
    assert counted[-1].completed == counted[-1].total
    assert steps[-1].done
    assert PASSWORD not in repr(steps)


def test_an_image_that_is_here_is_not_asked_for(
    engine_images: Images, proxy: Proxy, put: Callable[..., tuple[str, str]], docker_client: docker.DockerClient
) -> None:
    reference, _ = put("here")
    log_in(proxy.host)
    source = behind(proxy, reference)
    first = engine_images.acquire(source, PullPolicy.MISSING, ignore_progress)
    asked = len(proxy.requests)
    assert engine_images.acquire(source, PullPolicy.MISSING, ignore_progress) == first
    assert engine_images.acquire(source, PullPolicy.NEVER, ignore_progress) == first
    assert len(proxy.requests) == asked
    assert engine_images.acquire(source, PullPolicy.ALWAYS, ignore_progress) == first
    assert len(proxy.requests) > asked
    forget(docker_client, source.reference)


def test_always_brings_a_newer_image(
    engine_images: Images, image_registry: ImageRegistry, put: Callable[..., tuple[str, str]]
) -> None:
    log_in(image_registry.host)
    reference, old = put("moves", b"old")
    source = ImageSource(reference=reference)
    assert engine_images.acquire(source, PullPolicy.MISSING, ignore_progress).digest == old
    load_image(image_registry.client, f"{image_registry.host}/other:latest", b"new")
    image_registry.client.images.get(f"{image_registry.host}/other:latest").tag(f"{image_registry.host}/moves", "next")
    new = image_registry.push(f"{image_registry.host}/moves:next")
    image_registry.client.images.get(f"{image_registry.host}/moves:next").tag(f"{image_registry.host}/moves", "latest")
    assert image_registry.push(reference) == new
    for name in ("other:latest", "moves:next", "moves:latest"):
        forget(image_registry.client, f"{image_registry.host}/{name}")
    assert engine_images.acquire(source, PullPolicy.ALWAYS, ignore_progress).digest == new != old


def test_never_and_not_here(engine_images: Images) -> None:
    with pytest.raises(ImageNotFoundError, match="--pull never and privacy mode forbid") as caught:
        engine_images.acquire(ImageSource(reference="127.0.0.1:1/x:y"), PullPolicy.NEVER, ignore_progress)
    assert caught.value.hint == "hfsr pull SPACE gets it beforehand"


def test_an_image_by_digest_runs(
    engine_images: Images, image_registry: ImageRegistry, base_image: str, docker_client: docker.DockerClient
) -> None:
    local = f"{image_registry.host}/space:latest"
    container = docker_client.containers.create(
        base_image, ["sh", "-c", "echo hello > /hello"], labels={TEST_LABEL: "commit"}
    )
    try:
        container.start()
        container.wait()
        container.commit(f"{image_registry.host}/space", "latest")
    finally:
        container.remove(force=True)
    digest = image_registry.push(local)
    forget(docker_client, local)
    log_in(image_registry.host)
    source = ImageSource(reference=f"{image_registry.host}/space:latest@{digest}")
    image = engine_images.acquire(source, PullPolicy.MISSING, ignore_progress)
    assert image.reference == f"{image_registry.host}/space@{digest}"
    assert image.digest == digest
    said = docker_client.containers.run(image.reference, ["cat", "/hello"], remove=True, labels={TEST_LABEL: "digest"})
    assert said == b"hello\n"
    assert engine_images.acquire(source, PullPolicy.NEVER, ignore_progress) == image
    docker_client.images.remove(image.id, force=True)


def test_without_a_login(
    engine_images: Images, image_registry: ImageRegistry, put: Callable[..., tuple[str, str]]
) -> None:
    reference, _ = put("private")
    with pytest.raises(ImageUnauthorizedError) as caught:
        engine_images.acquire(ImageSource(reference=reference), PullPolicy.MISSING, ignore_progress)
    assert caught.value.verdict == "unauthorized"
    assert caught.value.hint is not None
    assert f"docker login {image_registry.host}" in caught.value.hint


def test_with_a_wrong_login_and_then_the_right_one(
    image_registry: ImageRegistry, put: Callable[..., tuple[str, str]], tmp_path: Path
) -> None:
    reference, digest = put("private-too")
    log_in(image_registry.host, "wrong-password")
    steps: list[Progress] = []
    wrong = docker.from_env()
    with pytest.raises(ImageUnauthorizedError) as caught:
        Images(wrong, lock_directory=tmp_path).acquire(
            ImageSource(reference=reference), PullPolicy.MISSING, steps.append
        )
    wrong.close()
    assert caught.value.verdict == "unauthorized"
    assert "docker logout" in (caught.value.hint or "")
    assert "wrong-password" not in repr(steps) + repr(caught.value) + str(caught.value.hint)
    log_in(image_registry.host)
    right = docker.from_env()
    found = Images(right, lock_directory=tmp_path).acquire(
        ImageSource(reference=reference), PullPolicy.MISSING, ignore_progress
    )
    right.close()
    assert found.digest == digest


@pytest.mark.parametrize("name", ["no-such-image:latest", "there:no-such-tag"])
def test_no_such_image(
    engine_images: Images, image_registry: ImageRegistry, put: Callable[..., tuple[str, str]], name: str
) -> None:
    put("there")
    log_in(image_registry.host)
    with pytest.raises(ImageNotFoundError) as caught:
        engine_images.acquire(
            ImageSource(reference=f"{image_registry.host}/{name}"), PullPolicy.MISSING, ignore_progress
        )
    assert caught.value.verdict == "image_not_found"
    assert f"{image_registry.host}/{name}" in caught.value.message


def test_a_stopped_image_registry(
    engine_images: Images, docker_client: docker.DockerClient, image_registry_image: str
) -> None:
    with running_registry(docker_client, image_registry_image) as registry:
        reference = f"{registry.host}/x:latest"
    steps: list[Progress] = []
    with pytest.raises(ImageRegistryUnreachableError, match="cannot be reached") as caught:
        engine_images.acquire(ImageSource(reference=reference), PullPolicy.MISSING, steps.append)
    assert caught.value.verdict == "registry_unreachable"
    assert not [step for step in steps if "trying again" in step.message]


def test_a_host_that_does_not_exist(engine_images: Images) -> None:
    with pytest.raises(ImageRegistryUnreachableError):
        engine_images.acquire(ImageSource(reference="registry.invalid/x:latest"), PullPolicy.MISSING, ignore_progress)


def test_an_image_for_another_architecture_is_refused_and_removed(
    engine_images: Images,
    image_registry: ImageRegistry,
    put: Callable[..., tuple[str, str]],
    docker_client: docker.DockerClient,
) -> None:
    reference, _ = put("arm", architecture="arm64")
    log_in(image_registry.host)
    with pytest.raises(WrongArchitectureError, match="made for linux/arm64, not for linux/amd64"):
        engine_images.acquire(ImageSource(reference=reference), PullPolicy.MISSING, ignore_progress)
    assert docker_client.images.list(name=reference) == []


def test_a_list_of_manifests_without_ours(
    engine_images: Images, image_registry: ImageRegistry, put: Callable[..., tuple[str, str]]
) -> None:
    _, digest = put("arm-list", architecture="arm64")
    reference = image_registry.put_list("arm-list", digest, "arm64")
    log_in(image_registry.host)
    with pytest.raises(WrongArchitectureError, match="no matching manifest"):
        engine_images.acquire(ImageSource(reference=reference), PullPolicy.MISSING, ignore_progress)


def test_a_local_image_for_another_architecture(engine_images: Images, docker_client: docker.DockerClient) -> None:
    load_image(docker_client, "localhost/hfsr-test/arm:latest", b"x", "arm64")
    try:
        with pytest.raises(WrongArchitectureError) as caught:
            engine_images.acquire(
                ImageSource(reference="localhost/hfsr-test/arm:latest"), PullPolicy.MISSING, ignore_progress
            )
        assert "--pull always" in (caught.value.hint or "")
    finally:
        forget(docker_client, "localhost/hfsr-test/arm:latest")


@pytest.mark.parametrize("fault", [500, 503, 0])
def test_transient_faults_are_tried_again(
    engine_images: Images,
    proxy: Proxy,
    put: Callable[..., tuple[str, str]],
    docker_client: docker.DockerClient,
    fault: int,
) -> None:
    reference, digest = put(f"flaky{fault}")
    log_in(proxy.host)
    source = behind(proxy, reference)
    proxy.faults.extend([fault] * 2)
    steps: list[Progress] = []
    image = engine_images.acquire(source, PullPolicy.MISSING, steps.append)
    forget(docker_client, source.reference)
    assert image.digest == digest
    assert not proxy.faults
    assert [status for _, path, status in proxy.requests if "/manifests/" in path].count(fault) == 2


def test_faults_that_stay_end_after_the_last_try(
    engine_images: Images, proxy: Proxy, put: Callable[..., tuple[str, str]]
) -> None:
    reference, _ = put("broken")
    log_in(proxy.host)
    proxy.faults.extend([500] * 100)
    steps: list[Progress] = []
    with pytest.raises(ImageRegistryUnreachableError) as caught:
        engine_images.acquire(behind(proxy, reference), PullPolicy.MISSING, steps.append)
    assert caught.value.verdict == "registry_fault"
    assert [step.message[:16] for step in steps if "trying again" in step.message] == [
        "try 1 of 3 faile",
        "try 2 of 3 faile",
    ]


@pytest.mark.parametrize("status", [401, 404])
def test_answers_that_will_not_change_are_not_asked_for_again(
    engine_images: Images, proxy: Proxy, put: Callable[..., tuple[str, str]], status: int
) -> None:
    reference, _ = put("final")
    log_in(proxy.host, PASSWORD if status == 404 else "wrong")
    source = behind(proxy, reference if status == 401 else reference.replace("final", "nothing"))
    steps: list[Progress] = []
    with pytest.raises(ImageUnauthorizedError if status == 401 else ImageNotFoundError):
        engine_images.acquire(source, PullPolicy.MISSING, steps.append)
    assert not [step for step in steps if "trying again" in step.message]


def test_two_processes_pull_an_image_once(
    proxy: Proxy, put: Callable[..., tuple[str, str]], docker_client: docker.DockerClient, tmp_path: Path
) -> None:
    reference, digest = put("shared", os.urandom(3_000_000))
    log_in(proxy.host)
    source = behind(proxy, reference)
    command = [sys.executable, "-c", PULL, source.reference, str(tmp_path)]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [child.communicate()[0] for child in children]
    forget(docker_client, source.reference)
    assert [child.returncode for child in children] == [0, 0]
    assert [text.splitlines()[-1] for text in said] == [f"DIGEST {digest}"] * 2
    assert sum("pulled " in text for text in said) == 1
    blobs = proxy.served("/blobs/")
    assert len(blobs) == len(set(blobs)) == 2  # the configuration and the one layer


def test_an_interrupted_pull_ends_on_the_engine_too(
    engine_images: Images,
    proxy: Proxy,
    put: Callable[..., tuple[str, str]],
    docker_client: docker.DockerClient,
    tmp_path: Path,
) -> None:
    reference, digest = put("interrupted", os.urandom(500_000))
    log_in(proxy.host)
    source = behind(proxy, reference)
    proxy.blobs_go.clear()
    command = [sys.executable, "-c", PULL, source.reference, str(tmp_path)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert proxy.blob_asked.wait(60)
    child.send_signal(signal.SIGINT)
    said = child.communicate()
    assert "KeyboardInterrupt" in said[1]
    assert "DIGEST" not in said[0]
    proxy.blobs_go.set()
    assert docker_client.images.list(name=source.reference) == []
    assert engine_images.acquire(source, PullPolicy.MISSING, ignore_progress).digest == digest
    forget(docker_client, source.reference)
