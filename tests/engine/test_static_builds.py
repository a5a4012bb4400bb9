"""Pages that `app_build_command` makes, on a real engine: what the command finds, what is served, what goes wrong."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import docker
import httpx
import pytest
from docker.errors import APIError

from tests.engine.command_line import Ended, hfsr, our_containers

pytestmark = pytest.mark.engine

README = """---
title: Built
sdk: static
app_build_command: {command}
app_file: dist/index.html
custom_headers:
  cross-origin-opener-policy: same-origin
---
"""
MANIFEST = {"name": "built", "version": "1.0.0", "scripts": {"build": "node build.mjs"}}
DEPENDENCY = {"is-number": "7.0.0"}
# Without addresses: npm asks the registry that it is configured for.
LOCK = {
    "name": "built",
    "version": "1.0.0",
    "lockfileVersion": 3,
    "packages": {
        "": {"name": "built", "version": "1.0.0", "dependencies": DEPENDENCY},
        "node_modules/is-number": {"version": "7.0.0"},
    },
}
BUILD = """import fs from "node:fs";
import isNumber from "is-number";
const mine = fs.readFileSync("mine.txt", "utf8");
const told = JSON.stringify({uid: process.getuid(), number: isNumber("7"), home: process.env.HOME, mine});
fs.mkdirSync("dist/assets", {recursive: true});
fs.writeFileSync("dist/index.html", `<!doctype html>\\n<html><head><script>1</script></head><p>${told}</p>`);
fs.writeFileSync("dist/assets/part.mjs", "export default 1;\\n");
fs.writeFileSync("dist/assets/part.wasm", "0123456789");
fs.symlinkSync("/etc/passwd", "dist/outside.txt");
fs.symlinkSync("loop", "dist/loop");
"""


@pytest.fixture
def folder(tmp_path: Path, docker_client: docker.DockerClient) -> Iterator[Path]:
    """Return the folder of a Space that is built; its images are gone afterwards."""
    folder = tmp_path / "test pages"
    folder.mkdir()
    write_source(folder)
    yield folder
    for image in docker_client.api.images():
        for tag in image["RepoTags"] or ():
            if re.match(r"hf-spaces-runner/test-pages-[0-9a-f]{8}:", tag):
                with suppress(APIError):
                    docker_client.images.remove(tag)


def write_source(folder: Path, command: str = "npm run build") -> None:
    (folder / "README.md").write_text(README.format(command=json.dumps(command)))
    (folder / "package.json").write_text(json.dumps({**MANIFEST, "dependencies": DEPENDENCY}))
    (folder / "package-lock.json").write_text(json.dumps(LOCK))
    (folder / "build.mjs").write_text(BUILD)
    (folder / "mine.txt").write_text("of the source")
    (folder / ".npmrc").write_text("fund=false\n")


def build(folder: Path) -> Ended:
    return hfsr("build", f"./{folder.name}", directory=folder.parent)


def test_pages_are_made_by_an_unprivileged_user_and_served_without_what_made_them(
    folder: Path, docker_client: docker.DockerClient
) -> None:
    words = ("up", f"./{folder.name}", "--network", "isolated", "--read-only", "-e", "COLOR=</script>\u2028", "--json")
    started = hfsr(*words, directory=folder.parent)
    assert started.exit_code == 0, started.stderr
    try:
        with httpx.Client(base_url=started.json["url"], trust_env=False) as page:
            text = page.get("/").text
            assert '{"uid":1000,"number":true,"home":"/home/user","mine":"of the source"}' in text
            script = '<script>window.huggingface={variables:{"SPACE_CREATOR_USER_ID":"000000000000000000000000",'
            assert text.startswith(f"<!doctype html>\n<html><head>{script}")
            assert '"COLOR":"\\u003c/script\\u003e\\u2028"}};</script><script>1</script>' in text

            module = page.get("/assets/part.mjs")
            assert module.headers["content-type"].startswith("text/javascript")
            assert module.headers["cross-origin-opener-policy"] == "same-origin"
            assert module.text == "export default 1;\n"
            part = page.get("/assets/part.wasm", headers={"Range": "bytes=2-3"})
            assert (part.status_code, part.text) == (206, "23")
            assert part.headers["content-type"] == "application/wasm"
            head = page.head("/assets/part.wasm")
            assert (head.text, head.headers["content-length"]) == ("", "10")

            # Links out of the folder, whoever made them; and what only the build needed.
            away = ("/outside.txt", "/loop", "/node_modules/is-number/package.json", "/.npmrc", "/%00", "//etc/passwd")
            assert {path: page.get(path).status_code for path in away} == dict.fromkeys(away, 404)
            assert page.get("/mine.txt").text == "of the source"
        (name,) = our_containers(docker_client, started.json["space"])
        variables = docker_client.containers.get(name).attrs["Config"]["Env"]
        assert not any("CERT" in variable or "npm" in variable.lower() for variable in variables)
        assert docker_client.containers.get(name).exec_run(["sh", "-c", "command -v node npm"]).exit_code != 0
    finally:
        hfsr("stop", started.json["space"], directory=folder.parent)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (
            "npm run nothing",
            r'Missing script: "nothing"(.|\n)*step \d+/\d+ \(RUN .*"npm run nothing"\]\)',
        ),
        ("npm run build && rm -r dist", "app_file: the command has made no dist/index.html"),
    ],
)
def test_what_goes_wrong_is_named(folder: Path, command: str, said: str) -> None:
    write_source(folder, command)
    ended = build(folder)
    assert (ended.exit_code, ended.stdout) == (10, "")
    assert re.search(said, ended.stderr), ended.stderr
