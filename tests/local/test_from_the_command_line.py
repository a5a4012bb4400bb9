"""`hfsr run` with a model in its own process: the last of the chain, or the first with `--tier fast`."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.local.conftest import CHECKOUT, PYTHON

pytestmark = pytest.mark.local


@pytest.fixture(name="environment")
def _environment(local_environment: Mapping[str, str], tmp_path: Path) -> dict[str, str]:
    """Return the environment of a user without an engine, without a model server, and with a home of their own."""
    return {
        **local_environment,
        "HFSR_HOME": str(tmp_path / "home"),
        "HFSR_MODEL_SERVERS": "127.0.0.1:1",
        "HFSR_MAX_NEW_TOKENS": "8",
        "DOCKER_HOST": "unix:///nowhere.sock",
        "PYTHONPATH": str(CHECKOUT),
    }


def run(environment: Mapping[str, str], directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(PYTHON), "-m", "hf_spaces_runner", "run", "Say something", *arguments],
        cwd=directory,
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )


def test_a_folder_answers_with_its_device_and_its_number_format_shown(
    environment: dict[str, str], tiny_model: Path, tmp_path: Path
) -> None:
    ended = run({**environment, "HFSR_LOCAL_MODEL": str(tiny_model)}, tmp_path, "--tier", "fast", "--json", "-v")
    assert ended.returncode == 0, ended.stderr
    result = json.loads(ended.stdout)
    assert (result["tier"], result["space"]) == ("fast", str(tiny_model))
    servers, own = result["attempts"]
    assert (servers["status"], own["status"], own["kind"]) == ("skipped", "ok", "local_model")
    assert own["timings"]["ready_s"] > 0 < own["timings"]["call_s"]
    assert "is loaded: cpu, float32 (there is no GPU)" in ended.stderr


def test_without_an_engine_it_answers_in_place_of_the_space(
    environment: dict[str, str], fetched_model: str, tmp_path: Path
) -> None:
    own = {**environment, "HFSR_LOCAL_MODEL": fetched_model}
    ended = run(own, tmp_path, "--hf-space", "vader-sentiment", "--json", "--stream")
    assert ended.returncode == 0, ended.stderr
    result = json.loads(ended.stdout)
    first, *_, last = result["attempts"]
    assert (first["verdict"], last["status"], last["kind"]) == ("engine_unavailable", "ok", "local_model")
    assert result["space"] == fetched_model


@pytest.mark.parametrize(
    ("options", "name", "why"),
    [
        ((), "tiny/unknown", "HF_HUB_OFFLINE is set"),
        (("--privacy-mode",), "tiny/unknown", "nothing is fetched in privacy mode"),
        ((), "./missing", "is not there"),
        (("-i", "@pyproject.toml"), "tiny/unknown", "takes no file input"),
    ],
)
def test_what_cannot_answer_is_left_out_with_the_reason(
    environment: dict[str, str], tmp_path: Path, options: tuple[str, ...], name: str, why: str
) -> None:
    (tmp_path / "pyproject.toml").write_text("x")
    ended = run({**environment, "HFSR_LOCAL_MODEL": name}, tmp_path, "--tier", "fast", *options)
    assert ended.returncode in {2, 4, 20}, ended.stderr
    assert why in ended.stderr


def test_nothing_is_fetched_unless_somebody_says_so(environment: dict[str, str], tmp_path: Path) -> None:
    online = {**environment, "HF_HUB_OFFLINE": "0", "HF_ENDPOINT": "http://127.0.0.1:1"}
    online["HFSR_LOCAL_MODEL"] = "tiny/unknown"
    refused = run(online, tmp_path, "--tier", "fast", "--no-fallback")
    assert "nobody allowed to fetch it" in refused.stderr
    for allowed, options in (({**online, "HFSR_MODEL_DOWNLOAD": "yes"}, ()), (online, ("--yes",))):
        asked = run(allowed, tmp_path, "--tier", "fast", "--no-fallback", *options)
        assert asked.returncode != 0
        assert "looking up the model tiny/unknown" in asked.stderr
