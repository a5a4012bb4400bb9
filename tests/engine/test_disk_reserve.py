"""A Space that fills the disk is ended before the disk is full."""

import os
import shutil
from pathlib import Path

import docker
import pytest

from tests.engine.command_line import hfsr, our_containers
from tests.engine.images import script_image

pytestmark = pytest.mark.engine

MIB = 1024**2
ROOM_BYTES, MOST_BYTES = 300 * MIB, 1500 * MIB
FILLS = f"""\
import os
with open("/var/tmp/filler", "wb") as filler:
    while filler.tell() < {MOST_BYTES}:
        filler.write(os.urandom({MIB}))
        filler.flush()
        os.fsync(filler.fileno())
import time
time.sleep(60)
"""


def test_it_is_ended_with_the_figures(docker_client: docker.DockerClient, base_image: str, tmp_path: Path) -> None:
    folder = Path(docker_client.info()["DockerRootDir"])
    if not folder.is_dir():
        pytest.skip("the engine keeps its data on another machine")
    reserve = shutil.disk_usage(folder).free - ROOM_BYTES
    image = script_image(docker_client, "fills", FILLS, base=base_image)
    ended = hfsr(
        *("run", "hello", "--hf-space", image, "--pull", "never", "--json", "--startup-timeout", "60s"),
        directory=tmp_path,
        environment={"HFSR_DISK_RESERVE": str(reserve)},
    )
    assert (ended.exit_code, ended.json["verdict"]) == (11, "disk_reserve"), ended.stderr
    assert "it wrote" in ended.json["error"]
    assert "disk_reserve" in ended.json["hint"]
    assert our_containers(docker_client, "hfsr-test-fills") == []
    assert os.listdir(tmp_path) == []  # noqa: PTH208
