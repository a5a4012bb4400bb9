"""Reads from an answer how long the Hub wants to be left alone."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_LONGEST_S = 86_400.0
# As in `"api";r=0;t=55` (draft-ietf-httpapi-ratelimit-headers-09): `r` requests are left, `t` seconds until a reset.
_RATE_LIMIT = re.compile(r"\br\s*=\s*(?P<left>\d{1,9})\s*;\s*t\s*=\s*(?P<reset_s>\d{1,9})\b", re.ASCII)
_SECONDS = re.compile(r"\d{1,9}", re.ASCII)


def seconds_to_wait(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return the longest wait that Retry-After and RateLimit ask for, from 0 s to a day; None where they ask for none.

    `headers` are found whatever their case. `now` is the time that dates are compared with.
    """
    waits = [
        wait_s
        for wait_s in (_of_retry_after(headers.get("retry-after", ""), now), _of_rate_limit(headers.get("ratelimit")))
        if wait_s is not None
    ]
    return min(max(*waits, 0.0), _LONGEST_S) if waits else None


def _of_retry_after(text: str, now: datetime | None) -> float | None:
    if _SECONDS.fullmatch(text.strip()):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - (now or datetime.now(UTC))).total_seconds()


def _of_rate_limit(text: str | None) -> float | None:
    found = _RATE_LIMIT.search(text or "")
    return float(found["reset_s"]) if found and int(found["left"]) == 0 else None
