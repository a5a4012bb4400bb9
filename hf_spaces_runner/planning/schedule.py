"""Reads when a crontab entry fires: what cron understands, and nothing that it takes and then never does as written."""

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from cronsim import CronSim, CronSimError

from hf_spaces_runner.errors import UsageError

NICKNAMES: Mapping[str, str] = MappingProxyType(
    {
        "@hourly": "0 * * * *",
        "@daily": "0 0 * * *",
        "@midnight": "0 0 * * *",
        "@weekly": "0 0 * * 0",
        "@monthly": "0 0 1 * *",
        "@yearly": "0 0 1 1 *",
        "@annually": "0 0 1 1 *",
    }
)
"""What cron has names for; see crontab(5). `@reboot` has no fields: it fires once, when cron starts."""
REBOOT = "@reboot"

_FIELDS = ("minute", "hour", "day of the month", "month", "day of the week")
# Debian's crontab(1) takes 10-5, 1#2 and 4294967296 as well, and fires them never or at another time; cronsim takes L
# and 5/10, which Debian's refuses. What both understand in the same way has this shape.
_NUMBER, _NAME = "[0-9]{1,2}", "[0-9]{1,2}|[a-z]{3}"
_TERM = r"(?:\*|(?:{value})-(?:{value}))(?:/[0-9]{{1,2}})?|(?:{value})"
_LISTS = tuple(
    re.compile(f"(?:{term})(?:,(?:{term}))*", re.IGNORECASE | re.ASCII)
    for term in (_TERM.format(value=value) for value in (_NUMBER, _NUMBER, _NUMBER, _NAME, _NAME))
)
_LONGEST_SHOWN = 80


def check_schedule(text: str) -> str:
    """Return the schedule `text` as it stands in a crontab: five fields with one space between, or one of cron's names.

    Raises:
        UsageError: cron would not take it, or would not do what it says; or it never comes.
    """
    if not (text.isascii() and text.isprintable()) or "%" in text:
        raise _wrong(text, "it holds a character that no schedule has")
    fields = text.split()
    if len(fields) == 1 and fields[0].startswith("@"):
        name = fields[0].lower()
        if name != REBOOT and name not in NICKNAMES:
            raise _wrong(text, f"cron knows {', '.join((*NICKNAMES, REBOOT))}")
        return name
    if len(fields) != len(_FIELDS):
        raise _wrong(text, f"it has {len(fields)} field{'s' * (len(fields) != 1)}, not {len(_FIELDS)}")
    for name, shape, field in zip(_FIELDS, _LISTS, fields, strict=True):
        if shape.fullmatch(field) is None:
            raise _wrong(text, f"cron cannot read its {name}, {field[:_LONGEST_SHOWN]!r}")
    schedule = " ".join(fields)
    try:
        CronSim(schedule, datetime.min)  # noqa: DTZ901 - any time will do: it only reads the fields
    except CronSimError as error:
        raise _wrong(text, str(error).lower()) from error
    return schedule


def explain_schedule(schedule: str) -> str:
    """Return in words when `schedule`, as `check_schedule` returned it, fires: `at 03:00 every day`."""
    if schedule == REBOOT:
        return "when cron starts, which is when the machine does"
    words = _simulated(schedule, datetime.min).explain()  # noqa: DTZ901 - as above
    return words[0].lower() + words[1:]


def next_firing(schedule: str, after: datetime) -> datetime | None:
    """Return when `schedule` fires next after `after`, in local time without a zone, as cron has it.

    None: nobody can tell (`@reboot`), or not in the next fifty years.
    """
    return None if schedule == REBOOT else next(_simulated(schedule, after), None)


def _simulated(schedule: str, after: datetime) -> CronSim:
    return CronSim(NICKNAMES.get(schedule, schedule), after)


def _wrong(text: str, why: str) -> UsageError:
    return UsageError(
        f"{text[:_LONGEST_SHOWN]!r} is no schedule: {why}",
        hint='give minute, hour, day, month and weekday as in "0 3 * * *", or a name: @hourly, @daily, @weekly',
    )
