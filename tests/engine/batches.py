"""Runs `hfsr batch` over the small Space of batch_space.py, and reads what it left in its folder."""

import json
import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import docker
import pytest

from tests.engine.command_line import HFSR, NO_MODEL_CACHE, Ended, hfsr
from tests.engine.images import script_image

SPACE = Path(__file__).with_name("batch_space.py")
OUT = "out"
PLACE = {"HFSR_MAX_RUNNING": "12"}
"""Lets a batch begin beside what other tests have up."""


def batch_image(client: docker.DockerClient, base: str) -> str:
    """Build the image of the small Space and return its name."""
    return script_image(client, "batch", SPACE.read_text(encoding="utf-8"), base=base)


def arguments(image: str, *options: str) -> list[str]:
    """Return the words after `hfsr` that run a batch into `OUT`."""
    return ["batch", "--hf-space", image, "--pull", "never", "--no-fallback", "--memory", "256m", "-o", OUT, *options]


def batch(image: str, directory: Path, *options: str, stdin: str = "", **environment: str) -> Ended:
    """Run a batch into `OUT` below `directory`, until it ends."""
    return hfsr(*arguments(image, *options), directory=directory, environment=PLACE | environment, stdin=stdin)


def begin(image: str, directory: Path, *options: str, **environment: str) -> "subprocess.Popen[str]":
    """Begin such a batch."""
    return subprocess.Popen(
        [*HFSR, *arguments(image, *options)],
        cwd=directory,
        env={**os.environ, **NO_MODEL_CACHE, **PLACE, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def prompts(directory: Path, texts: Sequence[str], name: str = "prompts.txt") -> str:
    """Write a file with a prompt a line, and return its name."""
    (directory / name).write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return name


def results(directory: Path, name: str = "results.jsonl") -> list[dict[str, Any]]:
    """Return what stands in the folder of the batch."""
    file = directory / OUT / name
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


def texts(directory: Path) -> list[str | None]:
    """Return the answers, in the order of the lines."""
    return [line["text"] for line in results(directory)]


def timeless(directory: Path) -> list[str]:
    """Return the lines of the results without what differs from run to run: how long something took, and memory."""
    return [json.dumps(_timeless(line)) for line in results(directory)]


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        hidden = ("timings", "peak_memory_bytes")
        return {name: _timeless(one) for name, one in value.items() if name not in hidden}
    return [_timeless(one) for one in value] if isinstance(value, list) else value


def batch_containers(client: docker.DockerClient, *, running: bool = False) -> list[str]:
    """Return the names of the containers of the small Space; of those that are `running` alone where that is wanted."""
    found = client.containers.list(all=not running, filters={"name": "hfsr-"}, ignore_removed=True)
    return [str(one.name) for one in found if "/batch:" in str(one.attrs["Config"]["Image"])]


def nothing_is_left(client: docker.DockerClient) -> None:
    """Check that neither containers nor scratch folders are left."""
    assert batch_containers(client) == []
    scratch = Path(os.environ["HFSR_HOME"], "cache", "scratch")
    assert not scratch.is_dir() or list(scratch.iterdir()) == []


def wait_for_lines(file: Path, count: int, process: "subprocess.Popen[str]") -> None:
    """Wait until `file` has so many lines, or the `process` that writes it has ended."""
    while process.poll() is None:
        if file.exists() and file.read_bytes().count(b"\n") >= count:
            return
        time.sleep(0.01)
    pytest.fail(f"it ended before: {process.stderr.read() if process.stderr else ''}")
