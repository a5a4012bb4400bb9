import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from hf_spaces_runner.domain.result import Attempt, CandidateKind, Status, Timings
from hf_spaces_runner.history.attempt_log import AttemptLog
from hf_spaces_runner.history.statistics import past_attempts
from hf_spaces_runner.planning.sum_up import PastAttempt


def test_what_was_noted_comes_back(tmp_path: Path) -> None:
    log = AttemptLog(tmp_path / "history.sqlite")
    timings = Timings(pull_s=1.0, wait_s=2.0, start_s=3.0, ready_s=4.0, call_s=5.0)
    attempt = Attempt(
        kind=CandidateKind.LOCAL_MODEL,
        name="a-model",
        status=Status.FAILED,
        verdict="call",
        peak_memory_bytes=7,
        timings=timings,
    )
    log.note(attempt, run_id="run", tier="fast", at=20.0)
    assert past_attempts(log) == [
        PastAttempt(
            at=20.0,
            run_id="run",
            kind="local_model",
            name="a-model",
            tier="fast",
            status="failed",
            verdict="call",
            timings=timings,
            peak_memory_bytes=7,
        )
    ]


def test_those_of_one_name_and_of_late_only(tmp_path: Path) -> None:
    log = AttemptLog(tmp_path / "history.sqlite")
    for at, name in ((3.0, "b"), (1.0, "a"), (2.0, "a"), (4.0, "a' OR 1=1")):
        log.note(Attempt(kind=CandidateKind.SPACE, name=name, status=Status.OK), run_id="r", tier="heavy", at=at)
    assert [one.at for one in past_attempts(log)] == [1.0, 2.0, 3.0, 4.0]
    assert [one.at for one in past_attempts(log, since=2.0)] == [2.0, 3.0, 4.0]
    assert [one.at for one in past_attempts(log, name="a")] == [1.0, 2.0]
    assert [one.at for one in past_attempts(log, name="a", since=1.5)] == [2.0]
    assert [one.name for one in past_attempts(log, name="a' OR 1=1")] == ["a' OR 1=1"]


def test_without_a_file_there_is_nothing_and_none_is_made(tmp_path: Path) -> None:
    assert past_attempts(AttemptLog(tmp_path / "history.sqlite")) == []
    (tmp_path / "history.sqlite").touch()
    assert past_attempts(AttemptLog(tmp_path / "history.sqlite")) == []
    assert [file.name for file in tmp_path.iterdir()] == ["history.sqlite"]


@pytest.mark.parametrize(
    "changes",
    [
        {"at": "noon"},
        {"at": 1e300},
        {"at": float("inf")},
        {"at": time.time() + 400 * 24 * 3600},
        {"at": -5.0},
        {"name": b"\xff"},
        {"verdict": b"\xff"},
        {"call_s": float("inf")},
        {"call_s": "long"},
        {"wait_s": -1.0},
        {"peak_memory_bytes": "much"},
        {"peak_memory_bytes": -1},
    ],
)
def test_a_row_that_nobody_can_have_noted_is_left_out(tmp_path: Path, changes: dict[str, object]) -> None:
    file = tmp_path / "history.sqlite"
    log = AttemptLog(file)
    for name in ("a", "b"):
        log.note(Attempt(kind=CandidateKind.SPACE, name=name, status=Status.OK), run_id="r", tier="heavy", at=1.0)
    with closing(sqlite3.connect(file)) as connection, connection:
        for column, value in changes.items():
            connection.execute(f"UPDATE attempts SET {column} = ? WHERE name = 'b'", (value,))  # noqa: S608 - our own
    assert [one.name for one in past_attempts(log)] == ["a"]
