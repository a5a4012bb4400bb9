"""Asks a real image registry for real images, without a pull: what is said of each, and what is transferred for it."""

import os
from collections.abc import Callable, Iterator

import docker
import httpx
import pytest

from hf_spaces_runner.domain.image_check import ImageCheck, ImageStatus
from hf_spaces_runner.images.check_images import check_images
from tests.engine.image_registry import (
    MEDIA_TYPE,
    PASSWORD,
    USER,
    ImageRegistry,
    Proxy,
    forget,
    image_registry,
    image_registry_image,
    log_in,
    running_proxy,
    running_registry,
)

__all__ = ["image_registry", "image_registry_image"]  # fixtures

pytestmark = pytest.mark.engine


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


def check(*references: str) -> tuple[ImageCheck, ...]:
    return check_images(
        references,
        dict(os.environ),
        ca_bundle=None,
        plain_hosts=(),
        architecture="amd64",
        now=lambda: 5.0,
        on_checked=lambda _: None,
    )


def transferred_bytes(reference: str) -> int:
    """Return what the real registry says that the contents of an image weigh."""
    host, _, path = reference.removesuffix(":latest").partition("/")
    url = f"http://{host}/v2/{path}"
    with httpx.Client(auth=(USER, PASSWORD)) as client:
        manifest = client.get(f"{url}/manifests/latest", headers={"Accept": f"{MEDIA_TYPE}.v2+json"}).json()
        contents = [manifest["config"], *manifest["layers"]]
        return sum(int(client.head(f"{url}/blobs/{one['digest']}").headers["content-length"]) for one in contents)


def test_what_a_registry_with_a_login_says(image_registry: ImageRegistry, put: Callable[..., tuple[str, str]]) -> None:
    here, digest = put("checked", os.urandom(300_000))
    other, other_digest = put("checked-arm", architecture="arm64")
    listed = image_registry.put_list("checked", digest, "amd64")
    log_in(image_registry.host)
    found, by_digest, of_list, gone, unknown, arm = check(
        here,
        f"{image_registry.host}/checked@{digest}",
        listed,
        f"{image_registry.host}/checked:none",
        f"{image_registry.host}/never-there",
        other,
    )
    assert (found.status, found.digest, found.architectures) == (ImageStatus.AVAILABLE, digest, ("amd64",))
    assert found.compressed_bytes == transferred_bytes(here)
    assert (by_digest.status, by_digest.digest) == (ImageStatus.AVAILABLE, digest)
    assert (of_list.status, of_list.compressed_bytes) == (ImageStatus.AVAILABLE, found.compressed_bytes)
    assert of_list.digest not in {None, digest}
    assert (gone.status, unknown.status) == (ImageStatus.GONE, ImageStatus.GONE)
    assert (arm.status, arm.digest, arm.architectures) == (ImageStatus.WRONG_ARCHITECTURE, other_digest, ("arm64",))


def test_without_a_login_and_with_a_wrong_one(
    image_registry: ImageRegistry, put: Callable[..., tuple[str, str]]
) -> None:
    reference, _ = put("guarded")
    (nobody,) = check(reference)
    assert nobody.status is ImageStatus.NEEDS_LOGIN
    assert f"docker login {image_registry.host}" in nobody.message
    log_in(image_registry.host, "wrong-password")
    (wrong,) = check(reference)
    assert (wrong.status, wrong.digest) == (ImageStatus.REFUSED, None)
    assert "wrong-password" not in repr(wrong)


def test_no_layer_is_transferred_and_nothing_comes_to_the_engine(
    proxy: Proxy, put: Callable[..., tuple[str, str]], docker_client: docker.DockerClient
) -> None:
    reference, _ = put("not-pulled", os.urandom(1000))
    log_in(proxy.host)
    behind = f"{proxy.host}/not-pulled:latest"
    (found,) = check(behind)
    assert found.status is ImageStatus.AVAILABLE
    assert len(proxy.served("/manifests/")) == 1
    assert len(proxy.served("/blobs/")) == 1  # the configuration, which alone tells the architecture
    names = {name for image in docker_client.images.list() for name in image.tags}
    assert not names & {behind, reference}


def test_a_registry_in_trouble_and_one_that_has_ended(
    proxy: Proxy,
    put: Callable[..., tuple[str, str]],
    docker_client: docker.DockerClient,
    image_registry_image: str,
) -> None:
    put("troubled")
    log_in(proxy.host)
    behind = f"{proxy.host}/troubled:latest"
    for fault in (500, 429, 0, 0):  # a connection that is closed without a word is tried over TLS and without
        proxy.faults.append(fault)
    assert [check(behind)[0].status for _ in range(3)] == [ImageStatus.UNREACHABLE] * 3
    with running_registry(docker_client, image_registry_image) as ended:
        host = ended.host
    (found,) = check(f"{host}/app")
    assert found.status is ImageStatus.UNREACHABLE
    assert host in found.message
