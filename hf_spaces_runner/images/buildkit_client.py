"""Finds out whether BuildKit can build here: an engine that has it, and a docker program that can talk to it."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import docker
from docker.transport import UnixHTTPAdapter

from hf_spaces_runner.orchestrator.docker_errors import docker_errors

_PROGRAM_VERSION = re.compile(r"Docker version (?P<major>\d+)\.")
_FIRST_WITH_BUILDKIT = 18
_FIRST_WITH_BUILDX = 23
"""From there on `docker build` is the plugin buildx, and without it the old builder, which says so and goes on."""
_FIRST_API = (1, 39)
_PATIENCE_S = 10.0
_PLUGIN = ("cli-plugins", "docker-buildx")
_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Buildkit:
    """BuildKit within reach: the docker program to start, the engine to name to it, and that engine's major version."""

    program: Path
    host: str
    engine: int


def find_buildkit(client: docker.DockerClient, search_path: str | None = None) -> "Buildkit | str":
    """Return how to build with BuildKit on the engine of `client`, or why that cannot be.

    Args:
        client: the engine's. docker-py itself cannot build with BuildKit, which wants to ask back during a build.
        search_path: where to look for docker programs, the PATH of this process if None.

    Raises:
        EngineUnavailableError: no engine answers.
    """
    with docker_errors("asking the engine for its version"):
        version = client.version()
    components = [str(component.get("Name")) for component in version.get("Components") or ()]
    api = tuple(int(part) for part in re.findall(r"\d+", str(version.get("ApiVersion")))[:2])
    if version.get("Os") != "linux" or api < _FIRST_API or (components and "Engine" not in components):
        return "this engine has no BuildKit"
    host = _host_of(client)
    if host is None:
        return "the engine is reached in a way that the docker program is not told of (TLS)"
    program = find_program(os.environ.get("PATH", "") if search_path is None else search_path)
    if program is None:
        return (
            "no docker program here can: install the plugin buildx (docker-buildx-plugin, docker-buildx),"
            " or a docker program older than 23"
        )
    engine = re.match(r"\d+", str(version.get("Version")))
    return Buildkit(program=program, host=host, engine=int(engine.group()) if engine else 0)


@cache
def find_program(search_path: str) -> Path | None:
    """Return the first docker program in the folders of `search_path` that can build with BuildKit."""
    return next((program for program in _programs(search_path) if _can_build(program)), None)


def clean_environment(home: Path) -> dict[str, str]:
    """Return all that a docker program gets to know of this machine; `home` is an empty folder of its own.

    Without the user's configuration its proxies, which Docker hands to every build, stay out, and so do logins. Only
    the plugin comes along where that is the user's own.
    """
    plugin = Path(os.environ.get("DOCKER_CONFIG") or Path("~/.docker").expanduser(), *_PLUGIN).absolute()
    if plugin.is_file():
        (home / _PLUGIN[0]).mkdir()
        home.joinpath(*_PLUGIN).symlink_to(plugin)
    return {
        "PATH": os.environ.get("PATH") or _SYSTEM_PATH,
        "HOME": str(home),
        "DOCKER_CONFIG": str(home),
        "DOCKER_BUILDKIT": "1",
        # Else buildx makes a list of images out of one.
        "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",
    }


def _host_of(client: docker.DockerClient) -> str | None:
    adapter = client.api.get_adapter(client.api.base_url)
    if isinstance(adapter, UnixHTTPAdapter):
        return f"unix://{adapter.socket_path}"
    if client.api.base_url.startswith("http://"):
        return client.api.base_url.replace("http://", "tcp://", 1)
    return None


def _programs(search_path: str) -> Iterator[Path]:
    folders = dict.fromkeys(folder for folder in search_path.split(os.pathsep) if folder)
    for folder in folders:
        found = shutil.which("docker", path=folder)
        if found is not None:
            yield Path(found).absolute()


def _can_build(program: Path) -> bool:
    said = _PROGRAM_VERSION.match(_output(program, "--version") or "")
    major = int(said["major"]) if said else 0
    if major < _FIRST_WITH_BUILDX:
        return major >= _FIRST_WITH_BUILDKIT
    return _output(program, "buildx", "version") is not None


def _output(program: Path, *arguments: str) -> str | None:
    """Return what the program prints, None where it fails or does not end."""
    try:
        with tempfile.TemporaryDirectory(prefix="hfsr-docker-") as home:
            done = subprocess.run(  # noqa: S603 - a list of our own making, no shell
                [str(program), *arguments],
                env=clean_environment(Path(home)),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=_PATIENCE_S,
                check=False,
            )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None
