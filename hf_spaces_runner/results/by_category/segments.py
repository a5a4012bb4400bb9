"""Finds the segments of a transcript in what a Space answered, in each of the forms that are common."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

_MOST = 100_000
_LATEST_S = 1000 * 3600.0
_UNKNOWN_END_S = 5.0
_PAIR = 2
_CLOCK = re.compile(r"(?:(?P<hours>\d{1,3}):)?(?P<minutes>\d{1,2}):(?P<seconds>\d{1,2}(?:[.,]\d{1,9})?)", re.ASCII)
_NUMBER = re.compile(r"\d{1,9}(?:\.\d{1,9})?", re.ASCII)
_TEXT_COLUMNS = ("text", "transcript", "transcription", "sentence")


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """What was said from `start_s` to `end_s`, in one line."""

    start_s: float
    end_s: float
    text: str


def segments_of(value: object) -> tuple[Segment, ...]:
    """Return the segments that `value` consists of, in its order; none where a single one is none.

    The forms, of Whisper and what is built upon it: a list of `{start, end, text}` or `{timestamp: [start, end],
    text}`, the same under `segments` or `chunks`, and a table with columns whose names begin so. Times are seconds, or
    `1:02:03.5`. An end that is not known is where the next segment begins, or 5 seconds on.
    """
    rows = _rows(value)
    if not rows or len(rows) > _MOST:
        return ()
    found = [_read(row) for row in rows]
    kept = [row for row in found if row is not None]
    if len(kept) < len(found):
        return ()
    return tuple(_closed(kept))


def _rows(value: object) -> list[object]:
    if isinstance(value, dict):
        for name in ("segments", "chunks"):
            if isinstance(value.get(name), list):
                rows: list[object] = value[name]
                return rows
        return _rows_of_table(value.get("headers"), value.get("data"))
    return value if isinstance(value, list) else []


def _rows_of_table(headers: object, data: object) -> list[object]:
    if not isinstance(headers, list) or not isinstance(data, list):
        return []
    names = [str(header).strip().casefold() for header in headers]
    columns = [_first(names, word) for word in ("start", "end")]
    texts = [names.index(name) for name in _TEXT_COLUMNS if name in names]
    if not texts or None in columns:
        return []
    wanted = dict(zip(("start", "end", "text"), (*columns, texts[0]), strict=True))
    rows: list[object] = []
    for row in data:
        if not isinstance(row, list) or len(row) != len(names):
            return []
        rows.append({name: row[column] for name, column in wanted.items() if column is not None})
    return rows


def _first(names: list[str], word: str) -> int | None:
    return next((number for number, name in enumerate(names) if name.startswith(word)), None)


def _read(row: object) -> tuple[float, float | None, str] | None:
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        return None
    start, end = row.get("start"), row.get("end")
    pair = row.get("timestamp")
    if isinstance(pair, list) and len(pair) == _PAIR:
        start, end = pair
    start_s, end_s = _seconds(start), _seconds(end)
    if start_s is None or (end_s is None and end is not None) or (end_s is not None and end_s < start_s):
        return None
    return start_s, end_s, " ".join(row["text"].split())


def _seconds(value: object) -> float | None:
    seconds: float | None = None
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value) if abs(value) <= _LATEST_S else None
    elif isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        seconds = float(value)
    elif isinstance(value, str) and (match := _CLOCK.fullmatch(value.strip())):
        hours, minutes, rest = int(match["hours"] or 0), int(match["minutes"]), match["seconds"].replace(",", ".")
        seconds = hours * 3600 + minutes * 60 + float(rest)
    return seconds if seconds is not None and math.isfinite(seconds) and 0 <= seconds <= _LATEST_S else None


def _closed(rows: list[tuple[float, float | None, str]]) -> Iterator[Segment]:
    for number, (start_s, end_s, text) in enumerate(rows):
        after = rows[number + 1][0] if number + 1 < len(rows) else start_s + _UNKNOWN_END_S
        yield Segment(start_s=start_s, end_s=max(start_s, after) if end_s is None else end_s, text=text)
