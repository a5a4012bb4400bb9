"""What cron fires: one clean-up at a time, with its story in the log and nothing for cron to mail."""

import dataclasses
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from filelock import FileLock, Timeout

from hf_spaces_runner.cron.files import CronFiles
from hf_spaces_runner.cron.last_run import LastRun, RunStatus
from hf_spaces_runner.cron.log import cleanup_log
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.domain.units import format_duration, format_size
from hf_spaces_runner.errors import RunnerError
from hf_spaces_runner.orchestrator.state_folder import make_state_folder, state_errors

_LINE_LIMIT = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanedUp:
    """What a clean-up removed, a line each, and how much room that made."""

    removed: tuple[str, ...]
    freed_bytes: int


def fire(files: CronFiles, clean_up: Callable[[], CleanedUp]) -> int:
    """Run `clean_up` unless another process is at it, write down how it went, and return its exit code.

    Raises:
        UsageError: the lock file cannot be made.
        NoSpaceLeftError: likewise, the disk is full.
    """
    with _lock(files) as held:
        if not held:
            with cleanup_log(files.log, rotate=False) as log:
                log.info("skipped: another clean-up is still at it")
            return 0
        with cleanup_log(files.log) as log:
            return _clean_up(files, log, clean_up)


def _clean_up(files: CronFiles, log: logging.Logger, clean_up: Callable[[], CleanedUp]) -> int:
    started = time.monotonic()
    run = LastRun(status=RunStatus.STARTED, started_at=_now())
    run.keep(files.last_run)
    log.info("started, process %d", os.getpid())
    try:
        cleaned = clean_up()
    except RunnerError as error:
        log.error("failed (exit %d): %s", error.exit_code, _line(error.message))  # noqa: TRY400 - no bug of ours
        if error.hint:
            log.info("hint: %s", _line(error.hint))
        _end(run, files, RunStatus.FAILED, error=error.message, hint=error.hint, exit_code=error.exit_code)
        return error.exit_code
    except BaseException as error:
        what = f"{type(error).__name__}: {_line(str(error))}"
        log.critical("ended by %s", what)
        _end(run, files, RunStatus.FAILED, error=what)
        raise
    for removed in cleaned.removed:
        log.info("removed %s", _line(removed))
    spent = format_duration(round(time.monotonic() - started, 1))
    log.info("done: %d removed, %s freed, in %s", len(cleaned.removed), format_size(cleaned.freed_bytes), spent)
    _end(run, files, RunStatus.OK, removed=len(cleaned.removed), freed_bytes=cleaned.freed_bytes, exit_code=0)
    return 0


@contextmanager
def _lock(files: CronFiles) -> Iterator[bool]:
    """Hold the clean-ups' lock, which the kernel frees however this process ends; or say that somebody else has it."""
    make_state_folder(files.locks)
    lock = FileLock(files.locks / "cleanup.lock")
    with state_errors(files.locks):
        try:
            lock.acquire(timeout=0)
            held = True
        except Timeout:
            held = False
    try:
        yield held
    finally:
        lock.release()


def _end(run: LastRun, files: CronFiles, status: RunStatus, **how: Any) -> None:  # noqa: ANN401 - fields of LastRun
    dataclasses.replace(run, status=status, ended_at=_now(), **how).keep(files.last_run)


def _now() -> str:
    return datetime.now(UTC).astimezone().isoformat(timespec="seconds")


def _line(text: str) -> str:
    return one_line(text, limit=_LINE_LIMIT)
