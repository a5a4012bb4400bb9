"""Changes the user's crontab so that nothing in it is lost: one process at a time, a copy kept, a second look."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from hf_spaces_runner.cron.crontab import Crontab
from hf_spaces_runner.cron.files import CronFiles
from hf_spaces_runner.errors import RunnerError
from hf_spaces_runner.orchestrator.state_folder import make_state_folder, state_errors

KEPT_BACKUPS = 10
_WAIT_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The crontab before and after; `backup` is the copy of the one before, None where none was needed."""

    before: str
    after: str
    backup: Path | None

    @property
    def changed(self) -> bool:
        """Whether anything was written."""
        return self.before != self.after


def change_crontab(crontab: Crontab, files: CronFiles, edit: Callable[[str], str]) -> Change:
    """Replace the text of `crontab` with what `edit` makes of it, unless that is the same.

    Raises:
        RunnerError: it could not be read or written, or is not what was written; the message names the copy.
        UsageError: the state directory cannot be written, so no copy can be kept; nothing was changed.
        NoSpaceLeftError: likewise, its disk is full.
    """
    with _one_at_a_time(files):
        before = crontab.read()
        after = edit(before)
        if after == before:
            return Change(before=before, after=after, backup=None)
        backup = _keep(before, files) if before else None
        crontab.write(after)
        if crontab.read() != after:
            kept = f"; what it was before is in {backup}" if backup else ""
            raise RunnerError(
                f"the crontab is not what was written to it: somebody else changed it at the same moment{kept}",
                hint="look at crontab -l, then try again",
                verdict="crontab",
            )
        return Change(before=before, after=after, backup=backup)


@contextmanager
def _one_at_a_time(files: CronFiles) -> Iterator[None]:
    make_state_folder(files.locks)
    lock = FileLock(files.locks / "crontab.lock")
    with state_errors(files.locks):
        try:
            lock.acquire(timeout=_WAIT_S)
        except Timeout:
            raise RunnerError(
                f"another hfsr has been changing the crontab for {_WAIT_S} s", hint="try again", verdict="crontab"
            ) from None
    try:
        yield
    finally:
        lock.release()


def _keep(text: str, files: CronFiles) -> Path:
    """Write `text` where only the user can read it, and remove all but the newest few copies."""
    make_state_folder(files.backups)
    with state_errors(files.backups):
        now_s, now_ns = divmod(time.time_ns(), 10**9)
        copy = files.backups / f"crontab-{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now_s))}-{now_ns:09}"
        copy.touch(mode=0o600, exist_ok=False)
        copy.write_bytes(text.encode("utf-8", "surrogateescape"))
        for old in sorted(files.backups.glob("crontab-*"))[:-KEPT_BACKUPS]:
            old.unlink(missing_ok=True)
    return copy
