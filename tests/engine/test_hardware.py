"""Hardware by the Hub's names on a real engine: what a container has of it, and what a machine too small is told."""

import json
from pathlib import Path

import docker
import pytest

from tests.engine.command_line import hfsr
from tests.engine.test_folder_spaces import remove_images_of_folders

pytestmark = pytest.mark.engine

GB = 1024**3
README = "---\nsdk: gradio\nsdk_version: 5.49.1\nsuggested_hardware: {}\n---\n"
APP = """
import json
import os

import gradio as gr
import spaces


@spaces.GPU(duration=10)
def tell(name):
    seen = {name: os.environ.get(name) for name in ("CPU_CORES", "MEMORY", "ACCELERATOR", "SPACES_ZERO_GPU")}
    return json.dumps({**seen, "name": name})


gr.Interface(tell, "text", "text", api_name="tell").launch()
"""


def test_zero_gpu_is_harmless_and_what_is_asked_for_is_there(
    tmp_path: Path, docker_client: docker.DockerClient
) -> None:
    folder = tmp_path / "test-hardware"
    folder.mkdir()
    (folder / "README.md").write_text(README.format("zero-a10g"))
    (folder / "app.py").write_text(APP)
    try:
        ended = hfsr("run", "a", "--hf-space", str(folder), "--no-cache", "--json", directory=tmp_path)
        assert ended.exit_code == 0, ended.stderr
        seen = json.loads(ended.json["text"])
        assert seen == {**seen, "name": "a", "ACCELERATOR": "none", "SPACES_ZERO_GPU": "0"}
        assert "suggests zero-a10g, and gets less: it wants a GPU" in ended.stderr

        machine = docker_client.api.info()
        ended = hfsr(
            *("run", "b", "--hf-space", str(folder), "--no-cache", "--json", "--hardware", "local"),
            directory=tmp_path,
        )
        assert ended.exit_code == 0, ended.stderr
        seen = json.loads(ended.json["text"])
        assert seen["CPU_CORES"] == str(machine["NCPU"])
        assert machine["MemTotal"] * 0.4 < int(seen["MEMORY"].removesuffix("Gi")) * GB < machine["MemTotal"]
        assert "suggests" not in ended.stderr
    finally:
        remove_images_of_folders(docker_client)


def test_the_container_has_the_caps_of_what_the_folder_suggests(
    tmp_path: Path, docker_client: docker.DockerClient
) -> None:
    folder = tmp_path / "test-page"
    folder.mkdir()
    (folder / "README.md").write_text("---\nsdk: static\nsuggested_hardware: cpu-basic\n---\n")
    (folder / "index.html").write_text("<title>x</title>")
    up = hfsr("up", str(folder), "--json", directory=tmp_path)
    try:
        assert up.exit_code == 0, up.stderr
        (container,) = docker_client.containers.list(filters={"label": f"hf-spaces-runner.space={up.json['space']}"})
        caps = container.attrs["HostConfig"]
        machine = docker_client.api.info()
        assert caps["NanoCpus"] == min(2, machine["NCPU"]) * 10**9
        assert 0 < caps["Memory"] <= min(16 * GB, machine["MemTotal"] / 3)
        assert caps["Memory"] == caps["MemorySwap"]
        # Who asks for nothing of the kind is served by it, too.
        again = hfsr("up", str(folder), "--json", directory=tmp_path)
        assert again.json["url"] == up.json["url"]
    finally:
        hfsr("stop", up.json["space"], directory=tmp_path)
        remove_images_of_folders(docker_client)


def test_a_machine_that_is_too_small_is_told_by_how_much(tmp_path: Path) -> None:
    words = ("run", "x", "--hf-space", "vader-sentiment", "--no-cache", "--json")
    ended = hfsr(*words, "--hardware", "l40sx8", directory=tmp_path)
    assert (ended.exit_code, ended.json["verdict"]) == (6, "machine_too_small"), ended.stderr
    assert "of memory, " in ended.stderr
    assert "more than there is" in ended.stderr
    unknown = hfsr(*words, "--hardware", "l40sx9", directory=tmp_path)
    assert (unknown.exit_code, "did you mean l40sx8?" in unknown.stderr) == (2, True), unknown.stderr
