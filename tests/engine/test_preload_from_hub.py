"""preload_from_hub on a real engine: fetched from a Hub in a container while the image is built, found when it runs."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import docker
import pytest
from docker.errors import APIError

from tests.engine.command_line import Ended, hfsr
from tests.engine.images import TEST_LABEL, script_image

pytestmark = pytest.mark.engine

SHA = "0123456789abcdef0123456789abcdef01234567"
PLACE = "/home/user/.cache/huggingface/hub/models--user--greeting"
# What huggingface_hub asks for a model, its file_download.py and hf_api.py: the files at a revision, then each.
HUB = f"""
import hashlib, json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FILES = {{"config.json": b'{{"greets": "from the image"}}', "weights.bin": bytes(1000)}}
SHA = "{SHA}"


class Hub(BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.answer(sends=False)

    def do_GET(self):
        self.answer(sends=True)

    def answer(self, sends):
        headers, body, status = {{}}, b"", 404
        name = self.path.split("?")[0].rsplit("/", 1)[-1]
        if "/user/gated" in self.path:
            headers, status = {{"X-Error-Code": "GatedRepo"}}, 403
        elif "/user/other" in self.path:  # it does not say whether there is one
            status = 401
        elif "/resolve/ffff" in self.path:
            headers = {{"X-Error-Code": "RevisionNotFound"}}
        elif self.path.startswith("/api/models/user/greeting"):
            siblings = [{{"rfilename": name}} for name in FILES]
            body, status = json.dumps({{"id": "user/greeting", "sha": SHA, "siblings": siblings}}).encode(), 200
        elif self.path.startswith("/user/greeting/resolve/") and name in FILES:
            body, status = FILES[name], 200
            headers = {{"ETag": hashlib.sha1(body).hexdigest(), "X-Repo-Commit": SHA}}
        elif self.path.startswith("/user/greeting/resolve/"):
            headers = {{"X-Error-Code": "EntryNotFound", "X-Repo-Commit": SHA}}
        self.send_response(status)
        for key, value in {{**headers, "Content-Length": str(len(body))}}.items():
            self.send_header(key, value)
        self.end_headers()
        if sends:
            self.wfile.write(body)


ThreadingHTTPServer(("", 8080), Hub).serve_forever()
"""
APP = """
import json
import os

import gradio as gr
from huggingface_hub import hf_hub_download


def greet(name: str) -> str:
    path = hf_hub_download("user/greeting", name)
    again = hf_hub_download("user/greeting", name, revision=os.environ["SHA"], local_files_only=True)
    assert os.path.realpath(path) == os.path.realpath(again)
    return json.dumps([json.load(open(path))["greets"], os.path.realpath(path).rsplit("/", 2)[0]])


gr.Interface(greet, "text", "text").launch()
"""


@pytest.fixture(scope="module")
def hub(docker_client: docker.DockerClient, base_image: str) -> Iterator[str]:
    """Return the address of a Hub that the steps of a build reach: a container on the network that they run on."""
    image = script_image(docker_client, "preload-hub", HUB, base=base_image)
    container = docker_client.containers.run(image, detach=True, network="bridge", labels={TEST_LABEL: "hub"})
    try:
        container.reload()
        yield f"http://{container.attrs['NetworkSettings']['Networks']['bridge']['IPAddress']}:8080"
    finally:
        container.remove(force=True, v=True)


@pytest.fixture
def folder(tmp_path: Path, docker_client: docker.DockerClient) -> Iterator[Path]:
    folder = tmp_path / "test-preload"
    folder.mkdir()
    (folder / "app.py").write_text(APP)
    yield folder
    for image in docker_client.api.images():
        for tag in image["RepoTags"] or ():
            if tag.startswith("hf-spaces-runner/test-preload-"):
                with suppress(APIError):
                    docker_client.images.remove(tag)
    for volume in docker_client.volumes.list():
        if str(volume.name).startswith("hf-spaces-runner-cache-test-preload-"):
            volume.remove()


def wanted(folder: Path, *items: str) -> None:
    lines = "".join(f"  - {item}\n" for item in items)
    (folder / "README.md").write_text(f"---\nsdk: gradio\nsdk_version: 5.49.1\npreload_from_hub:\n{lines}---\n")


def asked(folder: Path, hub: str, *words: str) -> Ended:
    environment = {"HF_ENDPOINT": hub, "HF_HUB_OFFLINE": "0"}
    return hfsr(*words, directory=folder.parent, environment=environment)


def test_what_was_preloaded_is_there_however_the_space_runs(folder: Path, hub: str) -> None:
    wanted(folder, "user/greeting config.json")
    fetched = "preloaded config.json of user/greeting"
    built = asked(folder, hub, "build", str(folder), "-v")
    assert (built.exit_code, fetched in built.stderr) == (0, True), built.stderr
    call = ("run", "config.json", "--hf-space", str(folder), "-e", f"SHA={SHA}", "--json")
    # Where the model cache can be written to, where it cannot, and where the image cannot.
    for words in (
        ("--network", "isolated"),
        ("--network", "isolated", "--read-only"),
        ("--privacy-mode", "--read-only"),
    ):
        ended = asked(folder, hub, *call, *words)
        assert ended.exit_code == 0, ended.stderr
        assert json.loads(ended.json["text"]) == ["from the image", PLACE]
    (folder / "app.py").write_text(APP + "# changed\n")
    again = asked(folder, hub, "build", str(folder), "-v")
    assert (again.exit_code, fetched in again.stderr) == (0, False), again.stderr
    assert again.stdout != built.stdout


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("user/gated", "user/gated: it is gated, private, or not there, and a build gives no token"),
        ("user/greeting nothing.json", "user/greeting: it has no such file"),
        ("user/other", "user/other: it is gated, private, or not there"),
        (f"user/greeting config.json {'f' * 40}", "user/greeting: the Hub has no such model, or not this revision"),
    ],
)
def test_what_cannot_be_preloaded_is_named(folder: Path, hub: str, item: str, said: str) -> None:
    wanted(folder, item)
    ended = asked(folder, hub, "build", str(folder))
    assert ended.exit_code == 10
    assert f"preload_from_hub: {said}" in ended.stderr
