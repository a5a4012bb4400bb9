"""Shows bundled Spaces in a browser: each is started by `hfsr up` as a user does it, and ended after its test."""

import shlex
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import docker
import pytest
from playwright.sync_api import expect

from tests.browser.chromium import Visit, chromium, visit, write_call
from tests.engine.command_line import hfsr

Show = Callable[[str], Visit]

expect.set_options(timeout=60_000)  # until what a page does not show after it counts as missing


@pytest.fixture
def docker_client() -> Iterator[docker.DockerClient]:
    """Return a client of the engine, to see what is left on it."""
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture
def show(tmp_path: Path, private_home: Path, docker_client: docker.DockerClient) -> Iterator[Show]:
    """Return what starts a Space and opens its page; at the end `SPACE.png` in `tmp_path` has what was seen last."""
    with ExitStack() as stack:

        def open_page(space: str) -> Visit:
            opened = private_home / "opened"
            # Somebody may have the same Space up on this engine: theirs is neither used nor ended.
            note = write_call(private_home / "note", f'printf %s "$1" >{shlex.quote(str(opened))}')
            words = ("up", space, "--fresh", "--open", "--json")
            up = hfsr(*words, directory=tmp_path, environment={"BROWSER": str(note)})
            assert up.exit_code == 0, up.stderr
            stack.callback(_end, docker_client, up.json["container"], tmp_path)
            url = opened.read_text(encoding="utf-8")
            assert url == up.json["url"]
            browser = stack.enter_context(chromium(up.json["port"], private_home))
            found = stack.enter_context(visit(browser, url))
            stack.callback(found.page.screenshot, path=tmp_path / f"{space}.png")
            return found

        yield open_page


def _end(client: docker.DockerClient, container: str, directory: Path) -> None:
    ended = hfsr("stop", container, directory=directory)
    left = client.containers.list(all=True, filters={"name": f"^/{container}$"}, ignore_removed=True)
    for found in left:
        found.remove(force=True)
    assert (ended.exit_code, left) == (0, []), ended.stderr
