"""Spaces from their folders on a real engine: gradio, streamlit and static are built, started, and asked over HTTP."""

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import docker
import httpx
import pytest
from docker.errors import APIError

from hf_spaces_runner.registry.registry import bundled_registry_directory
from tests.engine.command_line import Ended, hfsr, our_containers

pytestmark = pytest.mark.engine

SPACES = bundled_registry_directory() / "spaces"
PAGE = "<!DOCTYPE html>\n<HTML>\n<Head lang='en'>\n<title>x</title></head><p>caf\u00e9 {}</p></html>\n"
HARDENED = ("--network", "isolated", "--read-only")

Up = Callable[..., httpx.Client]


@pytest.fixture
def up(tmp_path: Path, docker_client: docker.DockerClient) -> Iterator[Up]:
    """Start a Space hardened, and return a client of its page; containers and images of folders are gone afterwards."""
    clients: list[httpx.Client] = []
    spaces: list[str] = []

    def start(reference: str, *words: str, environment: Mapping[str, str] | None = None) -> httpx.Client:
        ended = hfsr(
            *("up", reference, *HARDENED, *words, "--json"), directory=tmp_path, environment=dict(environment or {})
        )
        assert ended.exit_code == 0, ended.stderr
        spaces.append(ended.json["space"])
        clients.append(httpx.Client(base_url=ended.json["url"], trust_env=False))
        return clients[-1]

    yield start
    for client in clients:
        client.close()
    for space in spaces:
        hfsr("stop", space, directory=tmp_path)
        assert our_containers(docker_client, space) == []
    remove_images_of_folders(docker_client)


def remove_images_of_folders(client: docker.DockerClient) -> None:
    """Remove what was built from the folders of these tests, whose names begin with `test`."""
    for image in client.images.list():
        for tag in image.tags:
            if re.match(r"hf-spaces-runner/test-[a-z-]+-[0-9a-f]{8}:", tag):
                with suppress(APIError):
                    client.images.remove(tag)


def in_container(client: docker.DockerClient, space: str, script: str) -> str:
    """Return what `script` prints, run by the Space's own Python inside its container."""
    (name,) = our_containers(client, space)
    code, output = client.containers.get(name).exec_run(["python", "-c", script])
    assert isinstance(output, bytes)
    assert code == 0, output.decode()
    return output.decode()


def test_a_gradio_folder_is_built_and_run_and_built_again_when_it_changes(
    tmp_path: Path, docker_client: docker.DockerClient
) -> None:
    folder = tmp_path / "Test Gradio"
    shutil.copytree(SPACES / "vader-sentiment", folder)

    def said(*words: str) -> Ended:
        ended = hfsr(*words, directory=tmp_path)
        assert ended.exit_code == 0, ended.stderr
        return ended

    first = said("build", "./Test Gradio").stdout.strip()
    assert re.fullmatch(r"hf-spaces-runner/test-gradio-[0-9a-f]{8}:[0-9a-f]{12}", first)
    again = said("build", "./Test Gradio", "--json")
    assert (again.json["image"], "Step" in again.stderr) == (first, False)
    ran = said("run", "I love it", "--hf-space", "./Test Gradio", "--json")
    assert (ran.json["text"], ran.json["attempts"][0]["status"]) == ("positive", "ok")
    assert our_containers(docker_client, ran.json["space"]) == []

    app = folder / "app.py"
    app.write_text(app.read_text().replace('"positive", "negative"', '"sunny", "negative"', 1))
    assert said("build", "./Test Gradio").stdout.strip() != first
    assert said("run", "I love it", "--hf-space", str(folder)).stdout == "sunny\n"
    remove_images_of_folders(docker_client)


@pytest.mark.parametrize("sdk", ["static", "streamlit"])
def test_a_page_cannot_be_called_and_is_not_built_to_say_so(
    tmp_path: Path, docker_client: docker.DockerClient, sdk: str
) -> None:
    folder = tmp_path / "test-page"
    folder.mkdir()
    (folder / "README.md").write_text(f"---\nsdk: {sdk}\nsdk_version: 1.40.0\n---\n")
    (folder / ("index.html" if sdk == "static" else "app.py")).touch()
    for command in (("run", "hello"), ("batch", "--prompts", "prompts.txt")):
        (tmp_path / "prompts.txt").write_text("hello\n")
        ended = hfsr(*command, "--hf-space", "./test-page", "--json", directory=tmp_path)
        assert (ended.exit_code, ended.json["verdict"]) == (13, "no_api"), ended.stderr
        assert "--open" in ended.json["hint"]
    built = [tag for image in docker_client.images.list() for tag in image.tags if "/test-page-" in tag]
    assert built == []


def test_a_streamlit_space_is_up_with_its_table(up: Up, docker_client: docker.DockerClient) -> None:
    page = up("csv-explorer")
    assert page.get("/_stcore/health").text == "ok"
    assert "streamlit" in page.get("/").text.lower()
    assert (page.base_url.host, page.base_url.port != 8501) == ("127.0.0.1", True)
    expected = json.loads((SPACES / "csv-explorer" / "sample" / "expected.json").read_text())
    script = """
from streamlit.testing.v1 import AppTest

app = AppTest.from_file("/home/user/app/app.py", default_timeout=60).run()
print("TABLE", *app.dataframe[0].value.columns)
app.text_input[0].set_value(%r).run()
app.radio[0].set_value("Line").run()
print("SEEN", len(app.dataframe[0].value), len(app.exception), len(app.error))
"""
    told = in_container(docker_client, "csv-explorer", script % expected["search"]["words"]).splitlines()
    assert f"TABLE {' '.join(expected['columns'])}" in told
    assert f"SEEN {expected['search']['rows']} 0 0" in told


def test_a_streamlit_folder_cannot_move_its_port(up: Up, tmp_path: Path) -> None:
    folder = tmp_path / "test-streamlit"
    shutil.copytree(SPACES / "csv-explorer", folder)
    (folder / ".streamlit" / "config.toml").write_text('[server]\nport = 9\naddress = "127.0.0.1"\n')
    assert up("./test-streamlit").get("/_stcore/health").text == "ok"


def test_the_static_example_is_served(up: Up) -> None:
    page = up("color-palette")
    assert '<script type="module" src="main.js"></script>' in page.get("/").text
    script = page.get("/main.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert script.content == (SPACES / "color-palette" / "main.js").read_bytes()
    part = page.get("/style.css", headers={"Range": "bytes=0-9"})
    assert (part.status_code, len(part.content)) == (206, 10)
    assert page.get("/main.js", headers={"If-None-Match": script.headers["etag"]}).status_code == 304
    assert page.post("/").status_code == 405
    assert page.get("/nothing").status_code == 404
    assert page.get("/%2e%2e/%2e%2e/etc/passwd").status_code == 404
    assert page.get("/..%2f..%2f..%2fetc/passwd").status_code == 404


def test_pages_get_the_variables_and_no_secret(up: Up, tmp_path: Path) -> None:
    folder = tmp_path / "test static"
    (folder / "dist" / "assets").mkdir(parents=True)
    (folder / "README.md").write_text("---\nsdk: static\ntitle: Test\napp_file: dist/index.html\napp_port: 8080\n---\n")
    (folder / "dist" / "index.html").write_text(PAGE.format(1))
    (folder / "dist" / "assets" / "a b.js").write_text("1")
    (folder / "dist" / "404.html").write_text("<p>lost</p>")
    (folder / "other.htm").write_bytes(b"<p>\xff</p>")
    for name in (".env", ".hfsr.env"):
        (folder / name).write_text("TOKEN=hidden\nCOLOR=hidden")
        (tmp_path / name).write_text("HIDDEN=hidden")
    color = "</script><b>&'\"\u00e9"
    (tmp_path / "mine.env").write_text("# of the page\nSIZE=a b\nCOLOR=black\n", encoding="utf-8")
    words = ("./test static", "--env-file", "mine.env", "-e", f"COLOR={color}", "-e", "TOKEN=x", "--secret", "TOKEN")
    page = up(*words, environment={"TOKEN": "not-for-anybody"})
    text = page.get("/").text
    head, script, rest = re.split(r"(?<=<Head lang='en'>)(<script>.*?</script>)", text)
    assert head + rest == PAGE.format(1)
    found = re.fullmatch(r"<script>window\.huggingface=\{variables:(.*)\};</script>", script)
    assert found is not None
    assert json.loads(found[1]) == {"SPACE_CREATOR_USER_ID": "0" * 24, "SIZE": "a b", "COLOR": color}
    # What a page built below a folder calls its root is that folder; the rest of the repository is there as well.
    assert page.get("/assets/a b.js").text == "1"
    assert page.get("/dist/assets/a b.js").text == "1"
    assert page.get("/other.htm").content.endswith(b"<p>\xff</p>")
    lost = page.get("/nowhere/at/all")
    assert (lost.status_code, lost.text) == (404, "<p>lost</p>")
    assert page.get("/.env").status_code == 404

    # A page of the same length is another page to a browser that kept the first.
    kept = page.get("/").headers["etag"]
    (folder / "dist" / "index.html").write_text(PAGE.format(2))
    newer = up(*words, "--fresh", environment={"TOKEN": "not-for-anybody"})
    assert newer.get("/", headers={"If-None-Match": kept}).status_code == 200
