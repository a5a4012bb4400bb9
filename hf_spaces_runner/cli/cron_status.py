"""Looks at all that `hfsr cron` can tell of its entry, and lays it out."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from hf_spaces_runner.cron.daemon import is_daemon_running
from hf_spaces_runner.cron.files import CronFiles
from hf_spaces_runner.cron.last_run import LastRun, RunStatus
from hf_spaces_runner.cron.wanted import wanted_line
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.errors import UsageError
from hf_spaces_runner.planning.crontab import Entry, find_entries, read_entry
from hf_spaces_runner.planning.schedule import check_schedule, explain_schedule, next_firing
from hf_spaces_runner.settings import Places


@dataclass(frozen=True, slots=True, kw_only=True)
class CronStatus:
    """How the entry stands: `current` if it is what an installation would write now, times in ISO 8601.

    `explained` and `next_at` are None where the user wrote a schedule that we cannot read, or where no entry is.
    """

    entries: tuple[str, ...]
    schedule: str | None
    explained: str | None
    next_at: str | None
    options: tuple[str, ...] | None
    current: bool
    daemon_running: bool | None
    last_run: LastRun | None
    log: str

    @property
    def installed(self) -> bool:
        """Whether there is an entry."""
        return bool(self.entries)

    def as_json(self) -> dict[str, object]:
        """Return the public fields."""
        return {
            "installed": self.installed,
            "entry": self.entries[0] if self.entries else None,
            "schedule": self.schedule,
            "explained": self.explained,
            "next_at": self.next_at,
            "options": None if self.options is None else list(self.options),
            "current": self.current,
            "daemon_running": self.daemon_running,
            "last_run": None if self.last_run is None else asdict(self.last_run),
            "log": self.log,
        }

    def rows(self) -> Iterator[tuple[str, str]]:
        """Yield what people want to know, each with its name."""
        if not self.installed:
            yield "entry", "not installed"
        for line in self.entries:
            yield "entry", one_line(line, limit=2000)
        if self.explained:
            yield "fires", self.explained
        if self.next_at:
            yield "next", self.next_at
        if self.last_run:
            yield "last", _spoken(self.last_run)
        elif self.installed:
            yield "last", "it has not fired yet"
        if self.installed or self.last_run:
            yield "log", self.log


def look(environment: Mapping[str, str], places: Places, crontab: str) -> CronStatus:
    """Return how the entry in the text `crontab` stands, for this installation and now."""
    files = CronFiles.of(places)
    entries = find_entries(crontab)
    entry = read_entry(entries[0]) if entries else None
    schedule = _readable(entry)
    next_at = next_firing(schedule, datetime.now(UTC).astimezone().replace(tzinfo=None)) if schedule else None
    return CronStatus(
        entries=entries,
        schedule=None if entry is None else entry.schedule,
        explained=explain_schedule(schedule) if schedule else None,
        next_at=None if next_at is None else next_at.astimezone().isoformat(timespec="minutes"),
        options=None if entry is None else entry.options,
        current=_is_current(environment, places, entries, entry),
        daemon_running=is_daemon_running(),
        last_run=LastRun.read(files.last_run),
        log=str(files.log),
    )


def _readable(entry: Entry | None) -> str | None:
    try:
        return None if entry is None else check_schedule(entry.schedule)
    except UsageError:  # the user's own, and cron may well understand it
        return None


def _is_current(environment: Mapping[str, str], places: Places, entries: tuple[str, ...], entry: Entry | None) -> bool:
    if entry is None or entry.options is None or len(entries) != 1:
        return False
    return entries[0] == wanted_line(environment, places, entry.schedule, entry.options)


def _spoken(run: LastRun) -> str:
    match run.status:
        case RunStatus.STARTED:
            return f"{run.started_at}  started; it is still at it, or was killed"
        case RunStatus.OK:
            return f"{run.started_at}  ok: {run.removed} removed, {format_size(run.freed_bytes)} freed"
        case RunStatus.FAILED:
            hint = f" ({run.hint})" if run.hint else ""
            return one_line(f"{run.started_at}  failed: {run.error}{hint}", limit=500)
