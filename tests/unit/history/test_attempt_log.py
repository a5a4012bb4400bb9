import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from hf_spaces_runner.domain.result import Attempt, CandidateKind, Status, Timings
from hf_spaces_runner.errors import Evidence, RunnerError
from hf_spaces_runner.history.attempt_log import AttemptLog, PastRuns

WRITER = """
import sys
from pathlib import Path
from tests.unit.history.test_attempt_log import note
for number in range(int(sys.argv[2])):
    note(Path(sys.argv[1]), call_s=number)
"""


def note(
    file: Path,
    name: str = "a-space",
    status: Status = Status.OK,
    verdict: str | None = None,
    *,
    at: float = 0.0,
    call_s: float = 0.0,
) -> None:
    timings = Timings(pull_s=1000.0, wait_s=1000.0, start_s=1.0, ready_s=2.0, call_s=call_s)
    attempt = Attempt(
        kind=CandidateKind.SPACE, name=name, status=status, error="of the Space", verdict=verdict, timings=timings
    )
    AttemptLog(file).note(attempt, run_id="run", tier="auto", at=at)


@contextmanager
def files_of_at_most(size_bytes: int) -> Iterator[None]:
    """Let no file of this process grow over `size_bytes`, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_was_noted_is_summed_up(tmp_path: Path) -> None:
    file = tmp_path / "new" / "history.sqlite"
    for call_s in (1.0, 3.0, 9.0):
        note(file, call_s=call_s)
    note(file, status=Status.FAILED, call_s=500.0)
    note(file, "failed-only", Status.FAILED)
    assert AttemptLog(file).past_runs(["a-space", "failed-only", "never-tried"]) == {
        "a-space": PastRuns(runs=4, succeeded=3, median_s=6.0),  # without pull and wait
        "failed-only": PastRuns(runs=1, succeeded=0, median_s=None),
    }


def test_only_the_latest_count(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    for number in range(60):
        note(file, status=Status.FAILED if number < 20 else Status.OK, at=float(number))
    assert AttemptLog(file).past_runs(["a-space"])["a-space"] == PastRuns(runs=50, succeeded=40, median_s=3.0)


def test_who_was_left_out_was_not_tried(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    note(file)
    note(file, status=Status.SKIPPED)
    note(file, "left-out", Status.SKIPPED)
    found = AttemptLog(file).past_runs(["a-space", "left-out"])
    assert found == {"a-space": PastRuns(runs=1, succeeded=1, median_s=3.0)}


@pytest.mark.parametrize(
    ("endings", "expected"),
    [
        ("", None),
        ("+", None),
        ("-", (1, 0.0)),
        ("---", (3, 2.0)),
        ("---+", None),
        ("-+--", (2, 3.0)),
        ("---s", (3, 2.0)),  # left out: it neither failed nor answered
        ("--s-", (3, 3.0)),
        ("---u", (3, 2.0)),  # the user's fault, likewise
        ("--uuu", (2, 1.0)),
        ("+u", None),
        ("--" + "u" * 60, (2, 1.0)),
        ("-" * 60, (50, 59.0)),
    ],
)
def test_failures_are_counted_since_the_last_answer(
    tmp_path: Path, endings: str, expected: tuple[int, float] | None
) -> None:
    file = tmp_path / "history.sqlite"
    kinds: dict[str, tuple[Status, str | None]] = {
        "+": (Status.OK, None),
        "-": (Status.FAILED, "space_error"),
        "s": (Status.SKIPPED, None),
        "u": (Status.FAILED, "invalid_input"),
    }
    for at, ending in enumerate(endings):
        note(file, "another", Status.FAILED, "space_error", at=at)
        note(file, "a-space", *kinds[ending], at=at)
    found = AttemptLog(file).failures_in_a_row(["a-space"])
    assert found == ({} if expected is None else {"a-space": expected})


def test_of_two_that_ended_at_once_the_one_noted_last_is_the_latest(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    note(file, status=Status.FAILED, verdict="space_error")
    note(file)
    assert AttemptLog(file).failures_in_a_row(["a-space"]) == {}


def test_nothing_that_went_in_or_came_out_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    attempt = Attempt(
        kind=CandidateKind.SPACE,
        name="a-space",
        status=Status.FAILED,
        error="SECRET words",
        hint="SECRET",
        verdict="space_error",
        evidence=Evidence(log="SECRET log"),
        peak_memory_bytes=77,
    )
    AttemptLog(file).note(attempt, run_id="run-1", tier="auto", at=5.0)
    with closing(sqlite3.connect(file)) as connection:
        (row,) = connection.execute("SELECT * FROM attempts")
    assert row == (5.0, "run-1", "space", "a-space", "auto", "failed", "space_error", 0, 0, 0, 0, 0, 77)
    assert not [one for one in tmp_path.iterdir() if b"SECRET" in one.read_bytes()]


def test_to_read_makes_no_file(tmp_path: Path) -> None:
    assert AttemptLog(tmp_path / "history.sqlite").past_runs(["a-space"]) == {}
    assert list(tmp_path.iterdir()) == []


def test_many_processes_that_begin_at_once_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(file), "10"], cwd=Path(__file__).parents[3])
        for _ in range(6)
    ]
    while any(writer.poll() is None for writer in writers):
        AttemptLog(file).past_runs(["a-space"])  # whoever reads meanwhile is not disturbed
    assert [writer.returncode for writer in writers] == [0] * 6
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT count(*) FROM attempts").fetchone() == (60,)


@pytest.mark.parametrize("content", [b"no database at all" * 500, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file_is_put_aside(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "history.sqlite"
    for use in ("read", "write"):
        file.write_bytes(content)
        if use == "read":
            assert AttemptLog(file).past_runs(["a-space"]) == {}
        else:
            note(file)
            assert AttemptLog(file).past_runs(["a-space"])["a-space"].runs == 1
        assert (tmp_path / "history.sqlite.damaged").read_bytes() == content


def test_an_empty_file_is_begun(tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    file.touch()
    assert AttemptLog(file).past_runs(["a-space"]) == {}
    note(file)
    assert AttemptLog(file).past_runs(["a-space"])["a-space"].runs == 1


def fill(file: Path) -> None:
    for _ in range(2000):
        note(file)


@pytest.mark.parametrize("size_bytes", [0, 8192])
def test_a_full_disk_is_named_and_leaves_what_was_there(tmp_path: Path, size_bytes: int) -> None:
    file = tmp_path / "history.sqlite"
    note(file)
    with files_of_at_most(size_bytes), pytest.raises(RunnerError, match=r"history\.sqlite: the history") as caught:
        fill(file)
    assert "disk is full" in str(caught.value.hint)
    assert AttemptLog(file).past_runs(["a-space"])["a-space"].runs >= 1
    assert not list(tmp_path.glob("*.damaged"))


def test_a_place_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "a-file").touch()
    with pytest.raises(RunnerError, match="cannot be used"):
        note(tmp_path / "a-file" / "history.sqlite")
    (tmp_path / "folder").mkdir()
    for use in (note, lambda file: AttemptLog(file).past_runs(["a-space"])):
        with pytest.raises(RunnerError, match="unable to open"):
            use(tmp_path / "folder")


def test_a_model_does_not_rest_nor_does_a_space_of_its_name(tmp_path: Path) -> None:
    log = AttemptLog(tmp_path / "history.sqlite")
    for kind, name in ((CandidateKind.LOCAL_MODEL, "both"), (CandidateKind.SPACE, "space")):
        attempt = Attempt(kind=kind, name=name, status=Status.FAILED, verdict="call")
        log.note(attempt, run_id="r", tier="fast", at=1.0)
    assert log.names() == ("space",)
    assert log.failures_in_a_row(["both", "space"]) == {"space": (1, 1.0)}
