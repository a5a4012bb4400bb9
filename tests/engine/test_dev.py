"""`hfsr dev` on a real engine: a folder is changed, and what answers, what is built, and what is left, is looked at."""

import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import docker
import pytest
from docker.errors import APIError

from hf_spaces_runner.registry.registry import bundled_registry_directory
from tests.engine.command_line import hfsr, our_containers, scratch_folders
from tests.engine.dev_session import DevSession, developing, page

pytestmark = pytest.mark.engine

SPACES = bundled_registry_directory() / "spaces"

SERVER = """\
import http.server, os, pathlib

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        code = compile(os.environ.get("LOOK", "{}") if self.path == "/look" else "TEXT", "x", "eval")
        body = str(eval(code)).encode()
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass

TEXT = "<html>first</html>"
pathlib.Path("written").write_text("beside the source")
print("begins", flush=True)
http.server.HTTPServer(("0.0.0.0", 7860), Handler).serve_forever()
"""
DOCKERFILE = """\
ARG BASE_IMAGE=python:3.11-slim
FROM ${BASE_IMAGE}
WORKDIR /app
RUN chmod 777 /app
COPY requirements.txt .
RUN python3 -c "print(open('requirements.txt').read())"
COPY . .
CMD ["python3", "-u", "app.py"]
"""


@pytest.fixture
def folder(tmp_path: Path, docker_client: docker.DockerClient) -> Iterator[Path]:
    """Return the source of a small Space of the SDK docker; its images are gone afterwards."""
    folder = tmp_path / "test dev"
    folder.mkdir()
    (folder / "README.md").write_text("---\nsdk: docker\n---\n")
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "app.py").write_text(SERVER)
    (folder / "requirements.txt").write_text("one\n")
    yield folder
    for image in docker_client.api.images():
        for tag in image.get("RepoTags") or ():
            if re.match(r"hf-spaces-runner/test-dev[a-z-]*-[0-9a-f]{8}:", tag):
                with suppress(APIError):
                    docker_client.images.remove(tag)


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def space_of(session: DevSession) -> str:
    return str(next(event["message"] for event in session.events if event["event"] == "start"))


def test_a_change_is_answered_at_the_same_address_without_a_build_and_nothing_is_left(
    folder: Path, private_home: Path, docker_client: docker.DockerClient
) -> None:
    with developing(folder) as session:
        url = session.ready()
        assert page(url) == "<html>first</html>"
        assert session.kinds() == ["build", "built", "start", "started", "ready"]
        change(folder / "app.py", "first", "second")
        assert session.next("change")["step"] == "restart"
        assert session.ready() == url
        assert page(url) == "<html>second</html>"
        assert session.kinds()[5:] == ["change", "start", "started", "ready"]
        (folder / "new.txt").write_text("x")
        session.ready()
        (container,) = our_containers(docker_client, space_of(session))
        assert not container.endswith("-up")
        (folder / "new.txt").unlink()
        session.next("change")
        session.ready()
        assert session.interrupt() == 130
    assert our_containers(docker_client, space_of(session)) == []
    assert scratch_folders(private_home / "hfsr") == []
    assert "".join(session.told).endswith("Interrupted; nothing was left behind.\n")


def test_an_app_that_breaks_waits_for_its_repair(folder: Path, docker_client: docker.DockerClient) -> None:
    with developing(folder) as session:
        url = session.ready()
        (folder / "app.py").write_text(SERVER + "\nx = (\n")
        failed = session.next("failed")
        assert (failed["verdict"], failed["running"]) == ("exited_at_start", False)
        assert "SyntaxError: '(' was never closed" in failed["error"]
        assert failed["evidence"]["log"][-1] == "SyntaxError: '(' was never closed"
        assert our_containers(docker_client, space_of(session)) == []
        (folder / "app.py").write_text(SERVER.replace("first", "repaired"))
        assert session.ready() == url
        assert page(url) == "<html>repaired</html>"
        # One that answered, and ends later by itself.
        (folder / "app.py").write_text(
            SERVER.replace("serve_forever()", "handle_request()") + "\nraise ValueError(7)\n"
        )
        failed = session.next("failed")
        assert (failed["verdict"], "ValueError: 7" in failed["error"]) in {("exited", True), ("exited_at_start", True)}
        (folder / "app.py").write_text((folder / "app.py").read_text())  # saved without a change: tried again
        assert session.next("change")["files"] == ["app.py"]


def test_what_the_image_is_made_of_is_built_again(folder: Path) -> None:
    with developing(folder) as session:
        url = session.ready()
        (folder / "requirements.txt").write_text("two\n")
        assert session.next("change")["step"] == "rebuild"
        session.next("built")
        assert session.ready() == url
        change(folder / "Dockerfile", "chmod 777 /app", "false")
        failed = session.next("failed")
        assert (failed["verdict"], failed["running"]) == ("build_failed", True)
        assert page(url) == "<html>first</html>"
        change(folder / "app.py", "first", "third")
        assert session.next("change")["step"] == "rebuild"
        session.next("failed")
        assert page(url) == "<html>first</html>"
        change(folder / "Dockerfile", "RUN false", "RUN chmod 777 /app")
        session.ready()
        assert page(url) == "<html>third</html>"
        change(folder / "README.md", "sdk: docker", "sdk: nonsense")
        failed = session.next("failed")
        assert (failed["exit_code"], failed["running"]) == (3, True)
        assert page(url) == "<html>third</html>"
        change(folder / "README.md", "sdk: nonsense", "sdk: docker")
        told = session.next("change")
        assert (told["files"], told["step"]) == (["README.md"], "nothing")


def test_what_a_space_sees_of_the_folder(folder: Path) -> None:
    (folder / ".env").write_text("KEY=hidden")
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("hidden")
    (folder / "data").mkdir()
    (folder / "data" / "a.txt").write_text("a")
    look = """[sorted(os.listdir(".")), os.path.exists("/app/.env"), sorted(os.listdir("data")),
        [os.access(name, os.W_OK) for name in (".", "app.py", "data", "data/a.txt")],
        [line.split()[3:6] for line in open("/proc/self/mountinfo") if "/app/" in line][0][2][:2]]"""
    with developing(folder, "-e", f"LOOK={' '.join(look.split())}") as session:
        url = session.ready()
        seen = "['Dockerfile', 'README.md', 'app.py', 'data', 'requirements.txt', 'written']"
        rest = "False, ['a.txt'], [True, False, False, False], 'ro'"
        assert page(url, "/look") == f"[{seen}, {rest}]"
        (folder / ".env").write_text("KEY=other")  # no change of what it may see
        (folder / "data" / "b.txt").write_text("b")
        assert session.next("change")["files"] == ["data/b.txt"]
        session.ready()
        assert "['a.txt', 'b.txt'], [True, False, False, False]" in page(url, "/look")
    assert not (folder / "written").exists()
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [".env", ".git", "Dockerfile", "README.md", "app.py", "data", "requirements.txt"]
    )


def test_a_change_while_the_app_starts_is_not_waited_for(folder: Path) -> None:
    (folder / "app.py").write_text("import time\nprint('sleeps', flush=True)\ntime.sleep(600)\n")
    with developing(folder) as session:
        session.next("log", message="sleeps")
        (folder / "app.py").write_text(SERVER)
        assert page(session.ready()) == "<html>first</html>"


def test_a_folder_that_is_gone_and_comes_back(folder: Path) -> None:
    with developing(folder) as session:
        url = session.ready()
        aside = folder.parent / "aside"
        folder.rename(aside)
        failed = session.next("failed")
        assert (failed["verdict"], failed["running"]) == ("unknown_space", True)
        assert page(url) == "<html>first</html>"
        change(aside / "app.py", "first", "back")
        aside.rename(folder)
        session.ready()
        assert page(url) == "<html>back</html>"


def test_two_on_one_folder_a_port_that_is_taken_and_the_browser(folder: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = hfsr("dev", str(folder), "--port", str(port), directory=tmp_path)
        assert (ended.exit_code, "the port is taken" in ended.stderr) == (11, True), ended.stderr
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" >> "{opened}"\n')
    browser.chmod(0o755)
    with developing(folder, "--port", str(port), "--open", environment={"BROWSER": f"{browser} %s"}) as session:
        url = session.ready()
        assert url == f"http://127.0.0.1:{port}"
        ended = hfsr("dev", str(folder), directory=tmp_path)
        assert (ended.exit_code, f"another hfsr dev works on {folder}" in ended.stderr) == (2, True)
        change(folder / "app.py", "first", "second")
        session.ready()
    assert opened.read_text() == f"{url}\n"


def test_a_gradio_a_streamlit_and_a_static_folder(folder: Path) -> None:
    shutil.rmtree(folder)
    shutil.copytree(SPACES / "color-palette", folder)
    with developing(folder) as session:
        url = session.ready()
        change(folder / "index.html", "<title>", "<title>changed ")
        assert session.next("change")["step"] == "restart"
        session.ready()
        assert "<title>changed " in page(url)
    shutil.rmtree(folder)
    shutil.copytree(SPACES / "csv-explorer", folder)
    with developing(folder) as session:
        url = session.ready()
        (folder / "app.py").write_text("import streamlit\nstreamlit.write('x')\n")
        assert session.next("change")["step"] == "restart"
        assert session.ready() == url
    shutil.rmtree(folder)
    shutil.copytree(SPACES / "vader-sentiment", folder)
    with developing(folder) as session:
        url = session.ready()
        change(folder / "app.py", 'title="VADER sentiment"', 'title="changed"')
        assert session.next("change")["step"] == "restart"
        session.ready()
        assert '"title":"changed"' in page(url, "/config").replace(": ", ":")
