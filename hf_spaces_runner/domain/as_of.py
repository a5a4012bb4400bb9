"""The day whose packages a build takes, where not those of today."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class AsOf:
    """What `--as-of` says: packages that were uploaded at `before` (UTC) or later do not exist for the build.

    None means the end of the day of the last commit of the Space's source.
    """

    before: datetime | None = None

    @classmethod
    def of_day(cls, day: date) -> "AsOf":
        """Return what stands for the packages that were there when `day` ended, in UTC."""
        return cls(before=datetime.combine(day, time(), UTC) + timedelta(days=1))
