"""The stage that makes the pages of a static Space: what it begins with, installs and runs, and what is left of it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from hf_spaces_runner.domain.front_matter import FrontMatter
from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.domain.space import Sdk
from hf_spaces_runner.domain.space_source import SourceFile, SpaceSource
from hf_spaces_runner.planning.build_plan import plan_build
from hf_spaces_runner.planning.build_static import StaticServer

BASE = "python:3.11-slim"
SERVER = StaticServer(
    script=SourceFile(path=Path("/static/serve.py"), sha256="d" * 64),
    requirements=SourceFile(path=Path("/static/requirements.txt"), sha256="e" * 64),
)
NODE = replace(SERVER, node_image="node:22-slim")
COMMAND = "npm run build"


def made(
    *names: str,
    command: str = COMMAND,
    page: str = "dist/index.html",
    server: StaticServer = NODE,
    ca_bundle: Path | None = None,
) -> BuildPlan:
    files = {name: SourceFile(path=Path("/space") / name, sha256="b" * 64) for name in (*names, "src/main.js")}
    source = SpaceSource(
        folder=Path("/space"),
        front_matter=FrontMatter(sdk=Sdk.STATIC, app_file=page, app_build_command=command),
        requirements=None,
        pre_requirements=None,
        packages=None,
        files=files,
        left_out=(),
        sha256="a" * 64,
    )
    return plan_build(
        source, space_id="page", repository="x/page", base_image=BASE, static_server=server, ca_bundle=ca_bundle
    )


def stages(made: BuildPlan) -> tuple[list[str], list[str]]:
    first, last = ([*part.splitlines()] for part in made.dockerfile.split("FROM ")[1:])
    return first, last


def steps(made: BuildPlan) -> list[str]:
    """Return what the shell runs in the stage of the pages, without its last step, which checks the page."""
    runs = [line.removeprefix("RUN ") for line in stages(made)[0] if line.startswith("RUN [")]
    words = [json.loads(run) for run in runs]
    assert all(word[:2] == ["/bin/sh", "-c"] for word in words)
    assert words[-1][2].startswith("test -f ")
    return [word[2] for word in words[:-1]]


def test_pages_are_made_in_a_stage_of_their_own() -> None:
    first, last = stages(made("package.json"))
    assert first[0] == "node:22-slim AS pages"
    assert last[0] == BASE
    assert 'COPY --from=pages --chown=1000:1000 ["/home/user/app/", "/home/user/app/"]' in last
    assert not any("source/" in line or "node" in line for line in last)
    # Each stage has the mark of what is not finished, and the command is not run as root.
    assert 'LABEL hf-spaces-runner.built="unfinished"' in first
    assert [line for line in first if line.startswith("USER ")] == ["USER root", "USER 1000:1000"]
    users = first.index("USER 1000:1000")
    assert all(first.index(line) > users for line in first if line.startswith("RUN ["))


def test_without_an_image_of_node_debians_is_taken_and_that_is_told() -> None:
    debian = made("package.json", server=SERVER)
    first, last = stages(debian)
    assert first[0] == f"{BASE} AS pages"
    assert [line for line in first if "apt-get install" in line and line.endswith("/var/lib/apt/lists/*")]
    assert "apt-get" not in "".join(last)
    assert "node_image" in debian.warnings[0]
    assert made().warnings == made(page="src/main.js", command="", server=SERVER).warnings == ()
    assert "apt-get" not in made().dockerfile


@pytest.mark.parametrize(
    ("names", "command", "expected"),
    [
        (("package.json",), COMMAND, ["npm install --ignore-scripts || true", "npm install", COMMAND]),
        (("package.json", "package-lock.json"), COMMAND, ["npm ci --ignore-scripts || true", "npm ci", COMMAND]),
        (("package.json", "npm-shrinkwrap.json"), COMMAND, ["npm ci --ignore-scripts || true", "npm ci", COMMAND]),
        (("package.json",), "npm ci && npm run build", ["npm ci && npm run build"]),
        (("package.json",), "cd web; npm i; npm run build", ["cd web; npm i; npm run build"]),
        (("package.json",), "yarn && yarn build", ["yarn && yarn build"]),
        (("package.json",), "pnpm install\npnpm build", ["pnpm install\npnpm build"]),
        ((), "node build.mjs", ["node build.mjs"]),
        (("web/package.json",), COMMAND, [COMMAND]),
        (("package.json",), "yarn build", ["npm install --ignore-scripts || true", "npm install", "yarn build"]),
    ],
)
def test_packages_are_installed_unless_the_command_does_it(
    names: tuple[str, ...], command: str, expected: list[str]
) -> None:
    assert steps(made(*names, command=command)) == expected


def test_a_change_of_the_source_leaves_the_layer_of_the_packages() -> None:
    first, _ = stages(made("package.json", "package-lock.json", ".npmrc"))
    before = first[: first.index('COPY --chown=1000:1000 ["source/", "/home/user/app/"]')]
    lists = [json.loads(line.split(" ", 2)[2])[0] for line in before if line.startswith("COPY ")]
    assert lists == ["source/package.json", "source/package-lock.json", "source/.npmrc"]
    assert before[-1].startswith('RUN ["/bin/sh", "-c", "npm ci --ignore-scripts')


@pytest.mark.parametrize("command", ["make\nUSER root\nRUN id", 'echo "$HOME" \\', "echo ${A:-b} <<EOF\n]"])
def test_whatever_the_command_holds_it_is_one_step(command: str) -> None:
    crafted, plain = made(command=command), made()
    assert steps(crafted) == [command]
    assert crafted.dockerfile.count("\n") == plain.dockerfile.count("\n")


def test_what_a_page_is_called_stays_one_word() -> None:
    first, last = stages(made(page="it's $(id)/-x.html"))
    check = json.loads(first[-1].removeprefix("RUN "))[2]
    assert check.startswith("""test -f './it'"'"'s $(id)/-x.html' || { echo """)
    assert check.endswith("; rm -rf node_modules .npmrc")
    assert "--app-file=it's $(id)/-x.html" in json.loads(last[-1].removeprefix("CMD "))


def test_the_ca_bundle_is_trusted_while_pages_are_made_and_not_after() -> None:
    first, last = stages(made("package.json", ca_bundle=Path("/ca.crt")))
    (environment,) = (line for line in first if line.startswith("ENV "))
    assert "NODE_EXTRA_CA_CERTS=/usr/local/share/hf-spaces-runner/ca-bundle.crt" in environment.split()
    assert not any("CERT" in line for line in last if line.startswith("ENV "))
    assert made("package.json", ca_bundle=Path("/ca.crt")).tag == made("package.json").tag
    assert "CERT" not in made("package.json").dockerfile


def test_what_decides_the_tag_of_pages_that_are_made() -> None:
    tags = {
        made().tag,
        made(command="npm run other").tag,
        made(server=SERVER).tag,
        made(server=replace(NODE, node_image="node:24-slim")).tag,
    }
    assert len(tags) == 4
