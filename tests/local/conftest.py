"""Gives the tests of this folder .venv-local, a tiny model, and a process that runs models."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).parent.parent.parent
PYTHON = CHECKOUT / ".venv-local/bin/python"

Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def local_environment(outer_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment of processes that run models: offline, on the CPU, with a home of their own."""
    if not (CHECKOUT / ".venv-local/made-from").is_file():
        left_out = CHECKOUT / ".venv-local/left-out"
        if left_out.is_file():
            pytest.skip(left_out.read_text("utf-8").strip())
        pytest.fail("there is no .venv-local, in which models run: `make test` or .setup/local makes it", pytrace=False)
    kept = {name: outer_environment[name] for name in ("PATH", "LANG", "TMPDIR") if name in outer_environment}
    home = tmp_path_factory.mktemp("local-home")
    return kept | {
        "HOME": str(home),
        "HF_HOME": str(home / "hf"),
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "CUDA_VISIBLE_DEVICES": "",  # a GPU has other limits, and other people may use it
        "OMP_NUM_THREADS": "2",
    }


@pytest.fixture(scope="session")
def tiny_model(local_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a tiny model; tests that change it copy it first."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    command = [str(PYTHON), "-m", "tests.local.tiny_model", str(folder)]
    subprocess.run(command, cwd=CHECKOUT, env=local_environment, check=True, capture_output=True, timeout=120)
    return folder


@pytest.fixture(scope="session")
def fetched_model(tiny_model: Path, local_environment: dict[str, str]) -> str:
    """Return the Hub id of the tiny model, which lies in the cache of the Hub's library as if it had been fetched."""
    cache = Path(local_environment["HF_HOME"]) / "hub/models--tiny--smol"
    (cache / "refs").mkdir(parents=True)
    (cache / "refs/main").write_text("0" * 40, "utf-8")
    shutil.copytree(tiny_model, cache / "snapshots" / ("0" * 40))
    return "tiny/smol"


@pytest.fixture(scope="session")
def ask(local_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Return what has a model run, in one process for all tests: `ask("generate", model=..., asked=...)`."""
    log = tmp_path_factory.mktemp("driver") / "stderr"
    command = [str(PYTHON), "-X", "faulthandler", "-m", "tests.local.driver"]
    with (
        log.open("wb") as stderr,
        subprocess.Popen(
            command,
            cwd=CHECKOUT,
            env=local_environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def exchange(do: str, **more: object) -> dict[str, Any]:
            stdin.write(json.dumps({"do": do, **more}, default=os.fspath) + "\n")
            stdin.flush()
            line = stdout.readline()
            assert line, log.read_text("utf-8", "replace")[-4000:]
            answered: dict[str, Any] = json.loads(line)
            return answered

        yield exchange
        stdin.close()
