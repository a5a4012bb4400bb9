"""Reads what `--as-of` says, refuses it where it cannot count, and words the advice to use it."""

import re
from datetime import UTC, date, datetime, timedelta

from hf_spaces_runner.domain.as_of import AsOf
from hf_spaces_runner.domain.space import Sdk, Space
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import UsageError

COMMIT = "commit"
"""The word for the day of the last commit."""
_FORMS = f"write a day such as 2024-05-01, a time such as 2024-05-01T12:00Z, or {COMMIT} for the day of the last commit"
_FORM = re.compile(r"\d{4}-\d{2}-\d{2}(?P<time>[Tt ]\d{2}:\d{2}(?::\d{2})?(?:[Zz]|[+-]\d{2}:\d{2})?)?")
_FIRST_YEAR = 2003
"""When the index of Python's packages opened: https://peps.python.org/pep-0301/ is of that year's Python."""
_TIME_ZONES = timedelta(hours=14)
"""By how much the day of whoever types it may be ahead of UTC."""


def read_as_of(word: str, now: datetime) -> AsOf:
    """Return what `word` says: a day, a time (UTC where it names no zone), or `commit`; `now` is in UTC.

    Raises:
        UsageError: it is none of these, lies in the future, or before there was any package.
    """
    text = word.strip()
    if text.lower() == COMMIT:
        return AsOf()
    shown = one_line(text, limit=40) or "''"
    form = _FORM.fullmatch(text)
    if form is None:
        raise UsageError(f"--as-of {shown}: is no date", hint=_FORMS)
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"--as-of {shown}: is no date: {error}", hint=_FORMS) from error
    if moment > now + (_TIME_ZONES if form["time"] is None else timedelta()):
        raise UsageError(
            f"--as-of {shown}: lies in the future", hint="leave --as-of out to build with today's packages"
        )
    if moment.year < _FIRST_YEAR:
        raise UsageError(f"--as-of {shown}: there was no package index before {_FIRST_YEAR}", hint=_FORMS)
    return AsOf.of_day(moment.date()) if form["time"] is None else AsOf(before=moment)


def check_as_of(as_of: AsOf | None, space: Space) -> None:
    """Do nothing if `as_of` can count for `space`.

    Raises:
        UsageError: its image is pulled, or what it installs is not what pip installs.
    """
    if as_of is None:
        return
    if space.source is None:
        raise UsageError(
            f"--as-of counts for what is built from its source, and {one_line(space.id)} is pulled as it is",
            hint="leave --as-of out, or build it from its source on the Hub with --from-hub",
        )
    if space.sdk not in {Sdk.GRADIO, Sdk.STREAMLIT}:
        raise UsageError(
            f"--as-of counts for Spaces of gradio and streamlit, and the SDK of {one_line(space.id)} is {space.sdk}",
            hint="pin the versions in its Dockerfile" if space.sdk is Sdk.DOCKER else "leave --as-of out",
        )


def advice(day: date | None) -> str:
    """Return the advice to build with the packages of `day`, that of the last commit, None where nobody knows it."""
    if day is None:
        return "--as-of DATE builds it with the packages of a day when it worked"
    return f"--as-of {day} builds it with the packages of that day, which is that of its last commit"
