"""A disk that is full, for real: an engine whose data lies on a few megabytes of memory pulls a larger image."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from hf_spaces_runner.domain.image import ImageSource
from hf_spaces_runner.domain.progress import ignore_progress
from hf_spaces_runner.domain.request import PullPolicy
from hf_spaces_runner.errors import NoSpaceLeftError
from hf_spaces_runner.images.acquire import Images
from tests.engine.image_registry import (
    TEST_LABEL,
    ImageRegistry,
    image_registry,
    image_registry_image,
    log_in,
)

__all__ = ["image_registry", "image_registry_image"]  # fixtures

pytestmark = [
    pytest.mark.engine,
    # Where the engine is somebody else's (a virtual machine's, a rootless one), no second one can be started beside it.
    pytest.mark.skipif(
        os.geteuid() != 0 or shutil.which("dockerd") is None, reason="needs root and dockerd to start a small engine"
    ),
]

DISK_MB, IMAGE_MB = 24, 40
START_S = 60


@pytest.fixture
def small_engine(
    docker_client: docker.DockerClient, image_registry: ImageRegistry, tmp_path: Path
) -> Iterator[docker.DockerClient]:
    """Start an engine with a tiny disk, in the network of the image registry: it shall not touch the machine's own."""
    port = image_registry.host.rpartition(":")[2]
    (container,) = docker_client.containers.list(filters={"label": f"{TEST_LABEL}=image-registry", "publish": port})
    network = f"/proc/{container.attrs['State']['Pid']}/ns/net"
    socket = tmp_path / "engine.sock"
    (tmp_path / "data").mkdir()
    flags = f"--data-root {tmp_path}/data --exec-root {tmp_path}/exec --pidfile {tmp_path}/pid --host unix://{socket}"
    alone = "--bridge none --iptables=false --ip-forward=false --storage-driver vfs"
    script = f"mount -t tmpfs -o size={DISK_MB}m none {tmp_path}/data && exec dockerd {flags} {alone}"
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(
            ["nsenter", f"--net={network}", "unshare", "--mount", "sh", "-c", script], stdout=log, stderr=log
        ) as process,
    ):
        try:
            client = _connect(f"unix://{socket}", tmp_path / "log")
            yield client
            client.close()
        finally:
            process.terminate()


def _connect(address: str, log: Path) -> docker.DockerClient:
    end = time.monotonic() + START_S
    while "API listen on" not in log.read_text():
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.1)
    return docker.DockerClient(base_url=address)


def test_a_full_disk_is_named(small_engine: docker.DockerClient, image_registry: ImageRegistry, tmp_path: Path) -> None:
    image_registry.put("large", os.urandom(IMAGE_MB * 1024**2))
    log_in("127.0.0.1:5000")
    small_engine.api.reload_config()
    images = Images(small_engine, lock_directory=tmp_path / "locks")
    with pytest.raises(NoSpaceLeftError, match="no space left on device") as caught:
        images.acquire(ImageSource(reference="127.0.0.1:5000/large:latest"), PullPolicy.MISSING, ignore_progress)
    assert (caught.value.exit_code, caught.value.verdict) == (10, "disk_full")
    assert "hfsr cleanup" in (caught.value.hint or "")
