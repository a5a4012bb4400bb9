"""Runs the command line as a user does, in a process of its own, and looks at what it left on the engine."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import yaml

from hf_spaces_runner.domain.labels import LABEL
from hf_spaces_runner.registry.registry import bundled_registry_directory

NO_MODEL_CACHE = {"HFSR_HF_CACHE": "none"}
"""What keeps a test from leaving volumes on the engine."""
HFSR = [sys.executable, "-m", "hf_spaces_runner"]
BUNDLED: list[str] = list(yaml.safe_load((bundled_registry_directory() / "registry.yaml").read_text())["spaces"])
"""The ids of the bundled Spaces, in the order of their file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> dict[str, Any]:
        """The object on stdout."""
        value: dict[str, Any] = json.loads(self.stdout)
        return value


def hfsr(*arguments: str, directory: Path, environment: dict[str, str] | None = None, stdin: str = "") -> Ended:
    """Run `hfsr` with `arguments` in `directory` until it ends."""
    ended = subprocess.run(
        [*HFSR, *arguments],
        cwd=directory,
        env={**os.environ, **NO_MODEL_CACHE, **(environment or {})},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback (most recent call last)" not in ended.stderr.replace("  | Traceback", ""), ended.stderr
    return Ended(exit_code=ended.returncode, stdout=ended.stdout, stderr=ended.stderr)


def our_containers(client: docker.DockerClient, space: str) -> list[str]:
    """Return the names of the containers of `space` that are on the engine, running or not."""
    found = client.containers.list(all=True, filters={"label": f"{LABEL}.space={space}"}, ignore_removed=True)
    return [str(container.name) for container in found]


def scratch_folders(home: Path) -> list[Path]:
    """Return the scratch folders that runs with `HFSR_HOME` at `home` left behind."""
    scratch = home / "cache" / "scratch"
    return list(scratch.iterdir()) if scratch.is_dir() else []
