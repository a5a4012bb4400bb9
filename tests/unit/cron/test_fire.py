import json
from pathlib import Path

import pytest
from filelock import FileLock

from hf_spaces_runner.cron.files import CronFiles
from hf_spaces_runner.cron.fire import CleanedUp, fire
from hf_spaces_runner.cron.last_run import LastRun, RunStatus
from hf_spaces_runner.errors import EngineUnavailableError, UsageError
from hf_spaces_runner.settings import Places

NOTHING = CleanedUp(removed=(), freed_bytes=0)


@pytest.fixture
def files(tmp_path: Path) -> CronFiles:
    return CronFiles.of(Places.of({"HFSR_HOME": str(tmp_path / "home")}))


def logged(files: CronFiles) -> list[str]:
    """Return the lines of the log without their times."""
    return [line.partition(" ")[2] for line in files.log.read_text(encoding="utf-8").splitlines()]


def test_what_was_removed_is_logged_and_remembered(files: CronFiles, capfd: pytest.CaptureFixture[str]) -> None:
    assert fire(files, lambda: CleanedUp(removed=("scratch folder  /a", "model cache  b"), freed_bytes=3 * 1024)) == 0
    started, *removed, done = logged(files)
    assert started.startswith("INFO started, process ")
    assert removed == ["INFO removed scratch folder /a", "INFO removed model cache b"]
    assert done.startswith("INFO done: 2 removed, 3 KiB freed, in ")
    run = LastRun.read(files.last_run)
    assert run is not None
    assert (run.status, run.removed, run.freed_bytes, run.exit_code) == (RunStatus.OK, 2, 3072, 0)
    assert run.started_at <= (run.ended_at or "")
    assert capfd.readouterr() == ("", "")


def test_a_failure_is_logged_with_its_hint_and_ends_with_its_code(
    files: CronFiles, capfd: pytest.CaptureFixture[str]
) -> None:
    def fails() -> CleanedUp:
        raise EngineUnavailableError("no engine\nanswers \x1b[31mthere", hint="start it")

    assert fire(files, fails) == 4
    assert logged(files)[1:] == ["ERROR failed (exit 4): no engine answers there", "INFO hint: start it"]
    run = LastRun.read(files.last_run)
    assert run is not None
    assert (run.status, run.hint, run.exit_code) == (RunStatus.FAILED, "start it", 4)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("ending", [ZeroDivisionError("a bug"), KeyboardInterrupt()])
def test_a_bug_and_an_interruption_are_logged_and_go_on_up(files: CronFiles, ending: BaseException) -> None:
    def ends() -> CleanedUp:
        raise ending

    with pytest.raises(type(ending)):
        fire(files, ends)
    assert logged(files)[-1].startswith(f"CRITICAL ended by {type(ending).__name__}")
    run = LastRun.read(files.last_run)
    assert run is not None
    assert run.status is RunStatus.FAILED
    assert fire(files, lambda: NOTHING) == 0  # the lock is free again


def test_while_it_goes_on_it_is_remembered_as_started(files: CronFiles) -> None:
    seen: list[LastRun | None] = []

    def looks() -> CleanedUp:
        seen.append(LastRun.read(files.last_run))
        return NOTHING

    assert fire(files, looks) == 0
    assert seen[0] is not None
    assert (seen[0].status, seen[0].ended_at) == (RunStatus.STARTED, None)


def test_a_second_one_ends_at_once_with_one_line(files: CronFiles, capfd: pytest.CaptureFixture[str]) -> None:
    files.locks.mkdir(parents=True)
    with FileLock(files.locks / "cleanup.lock"):
        assert fire(files, lambda: pytest.fail("it ran beside another")) == 0
    assert logged(files) == ["INFO skipped: another clean-up is still at it"]
    assert LastRun.read(files.last_run) is None
    assert capfd.readouterr() == ("", "")


def test_a_log_that_cannot_be_written_goes_to_stderr_and_stops_nothing(
    files: CronFiles, capfd: pytest.CaptureFixture[str]
) -> None:
    files.log.mkdir(parents=True)
    files.last_run.mkdir(parents=True)
    assert fire(files, lambda: NOTHING) == 0
    assert "INFO done: 0 removed" in capfd.readouterr().err


def test_without_a_place_for_the_lock_nothing_is_cleaned_up(files: CronFiles) -> None:
    files.locks.parent.parent.mkdir(parents=True)
    files.locks.parent.touch()
    with pytest.raises(UsageError, match="nothing can be written in"):
        fire(files, lambda: pytest.fail("it ran without a lock"))


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"status": "odd"}', '{"status": "ok", "more": 1}', "\xff", "1"])
def test_a_note_that_is_none_of_ours_is_no_note(files: CronFiles, content: str) -> None:
    files.last_run.parent.mkdir(parents=True)
    assert LastRun.read(files.last_run) is None
    files.last_run.write_text(content, encoding="latin-1")
    assert LastRun.read(files.last_run) is None


def test_the_note_is_the_users_alone(files: CronFiles) -> None:
    assert fire(files, lambda: NOTHING) == 0
    assert json.loads(files.last_run.read_text(encoding="utf-8"))["status"] == "ok"
    assert [path.name for path in files.last_run.parent.iterdir()] == ["last-run.json"]
    assert files.last_run.parent.stat().st_mode & 0o777 == 0o700
