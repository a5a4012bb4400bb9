"""Without a name the known Space that fits the words and files answers, and is named; else nobody does."""

from pathlib import Path

import pytest

from tests.engine.command_line import hfsr

pytestmark = pytest.mark.engine


def test_the_words_choose_the_space(tmp_path: Path) -> None:
    ended = hfsr("run", "Sentiment of this: I love it", "--explain", "--json", directory=tmp_path)
    assert ended.exit_code == 0, ended.stderr
    assert ended.json["space"] == "vader-sentiment"
    assert "No Space was named; vader-sentiment was chosen: " in ended.stderr
    assert "by the rule task-words" in ended.stderr


def test_where_no_known_one_fits_nothing_starts(tmp_path: Path) -> None:
    ended = hfsr("run", "zxqy wvut", directory=tmp_path, environment={"HFSR_MODEL_SERVERS": "127.0.0.1:1"})
    assert ended.exit_code == 2
    assert "which Space? --hf-space is missing" in ended.stderr
    assert "127.0.0.1:1" in ended.stderr
