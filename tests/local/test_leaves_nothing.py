"""A model that is on this machine is loaded and answers without a question to anybody, though nothing says offline."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.engine.way_out import Watch
from tests.local.conftest import CHECKOUT, PYTHON

pytestmark = pytest.mark.local


def test_a_model_in_this_process_asks_nobody(
    tiny_model: Path, fetched_model: str, local_environment: dict[str, str], tmp_path: Path
) -> None:
    watch = Watch(tmp_path / "seen")
    online = {"HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_TELEMETRY": "0"}
    ended = subprocess.run(
        [str(PYTHON), "-m", "tests.local.driver"],
        cwd=CHECKOUT,
        env={**local_environment, **watch.environment, **online},
        input="".join(json.dumps({"do": "call", "model": str(name)}) + "\n" for name in (tiny_model, fetched_model)),
        capture_output=True,
        text=True,
        check=True,
    )
    answers = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [len(answer["values"]) for answer in answers] == [2, 2], ended.stderr
    assert [whom for kind, whom in watch.left() if kind in {"host", "name"}] == []
