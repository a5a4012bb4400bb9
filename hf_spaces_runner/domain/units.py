"""Durations and sizes as people type them: `90s`, `5m`, `512m`, `2g`."""

import re

_DURATION = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>ms|s|m|h|d)?", re.IGNORECASE)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>[kmgt])?(?:i?b)?", re.IGNORECASE | re.ASCII)
_BYTES = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
LONGEST_S = 365 * 86400.0
"""No wait is longer: clocks and locks of the system take no number of any size."""
_LARGEST_BYTES = 2**60


def parse_duration(text: str) -> float:
    """Return the seconds that `text` names: `90`, `90s`, `5m`, `1h`, `2d`, `1h30m`.

    Raises:
        ValueError: `text` is not a duration, is zero, or is longer than a year.
    """
    parts = list(_DURATION.finditer(text.strip()))
    whole = "".join(part.group() for part in parts)
    bare = [part for part in parts if part["unit"] is None]
    if not parts or whole != text.strip() or (bare and len(parts) > 1):
        raise ValueError(f"{text!r} is not a duration: write 90, 90s, 5m or 1h")
    seconds = sum(float(part["number"]) * _SECONDS[(part["unit"] or "s").lower()] for part in parts)
    if seconds <= 0:
        raise ValueError(f"{text!r} is not a duration: it must be more than zero")
    if seconds > LONGEST_S:
        raise ValueError(f"{text[:40]!r} is too long: a year is the most")
    return seconds


def parse_size(text: str) -> int:
    """Return the bytes that `text` names, in powers of 1024 as the engine reads them: `512m`, `2g`, `1.5GiB`.

    Raises:
        ValueError: `text` is not a size, is zero, or is more than any machine has.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a size: write 512m or 2g")
    exact = float(match["number"]) * _BYTES[(match["unit"] or "").lower()]
    if exact > _LARGEST_BYTES:
        raise ValueError(f"{text[:40]!r} is more than any machine has")
    size = int(exact)
    if size <= 0:
        raise ValueError(f"{text!r} is not a size: it must be more than zero")
    return size


def format_size(size_bytes: int) -> str:
    """Return `size_bytes` in the largest unit that keeps it above one: `1.5 GiB`."""
    size = float(size_bytes)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:  # noqa: PLR2004 - the step from one unit to the next
            return f"{size:.0f} {unit}" if unit == "B" or size == int(size) else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def format_duration(seconds: float) -> str:
    """Return `seconds` as people say it: `0.4 s`, `12 s`, `5m`, `1h30m`."""
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.1f} s" if seconds != int(seconds) else f"{seconds:.0f} s"
    minutes, rest_s = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{hours}h" if hours else "", f"{minutes}m" if minutes else "", f"{rest_s}s" if rest_s else ""]
    return "".join(parts)
