"""Runs are noted, count for `hfsr recommend`, and are worth no less where they cannot be noted."""

import json
import os
from pathlib import Path

import pytest

from tests.engine.command_line import hfsr

pytestmark = pytest.mark.engine

RUN = ("run", "I love it", "--hf-space", "vader-sentiment")
RECOMMEND = ("recommend", "sentiment of a text", "--limit", "1", "--json")


def history() -> Path:
    return Path(os.environ["HFSR_HOME"], "state", "history.sqlite")


def test_a_run_is_noted_without_what_went_in(tmp_path: Path) -> None:
    assert hfsr(*RUN, directory=tmp_path).exit_code == 0
    (best,) = hfsr(*RECOMMEND, directory=tmp_path).json["recommendations"]
    assert best["space"] == "vader-sentiment"
    assert "its image is here" in best["reasons"]
    assert any(reason.startswith("1 of 1 run succeeded, ") for reason in best["reasons"])
    for file in history().parent.glob("history.sqlite*"):
        assert b"love" not in file.read_bytes()


def test_an_answer_is_worth_no_less_where_it_cannot_be_noted(tmp_path: Path) -> None:
    history().mkdir(parents=True)
    ended = hfsr(*RUN, "--json", directory=tmp_path)
    assert ended.exit_code == 0
    assert json.loads(ended.stdout)["status"] == "ok"
    assert f"Warning: {history()}: the history of runs cannot be used" in ended.stderr


def test_a_damaged_history_is_put_aside(tmp_path: Path) -> None:
    history().parent.mkdir(parents=True, exist_ok=True)
    history().write_bytes(b"no database" * 1000)
    ended = hfsr(*RUN, directory=tmp_path)
    assert (ended.exit_code, ended.stdout) == (0, "positive\n")
    assert "history" not in ended.stderr
    (best,) = hfsr(*RECOMMEND, directory=tmp_path).json["recommendations"]
    assert any(reason.startswith("1 of 1 run succeeded, ") for reason in best["reasons"])
