"""The files that the entry in the crontab leaves: its log, how it ended last, and the crontabs of before."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from hf_spaces_runner.settings import Places


@dataclass(frozen=True, slots=True, kw_only=True)
class CronFiles:
    """Where they are; all of them lie in the state directory."""

    log: Path
    last_run: Path
    backups: Path
    locks: Path

    @classmethod
    def of(cls, places: Places) -> Self:
        """Return them for the state directory of `places`."""
        folder = places.state / "cron"
        return cls(
            log=places.state / "logs" / "cleanup.log",
            last_run=folder / "last-run.json",
            backups=folder / "backups",
            locks=places.locks,
        )
