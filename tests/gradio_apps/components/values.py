"""What the endpoints with texts, numbers, choices and other plain values do."""

import datetime as dt
from typing import Any

CHOICES = ["ant", "bee", "cat"]


def textbox(text: str) -> str:
    return text[::-1]


def number(value: float) -> float:
    return value * 2


def slider(value: float) -> float:
    return 100 - value


def checkbox(ticked: bool) -> bool:
    return not ticked


def others(chosen: list[str]) -> list[str]:
    return [choice for choice in CHOICES if choice not in chosen]


def following(chosen: str) -> str:
    return CHOICES[(CHOICES.index(chosen) + 1) % len(CHOICES)]


def dataframe(rows: Any) -> list[list[object]]:
    return [[f"{row[0]}!", float(row[1]) * 2] for row in rows]


def as_json(value: Any) -> dict[str, Any]:
    return {"got": value, "kind": type(value).__name__, "none": None}


def label(text: str) -> dict[str, float]:
    share = text.count("!") / max(1, len(text))
    return {"excited": share, "calm": 1 - share}


def highlighted_text(text: str) -> list[tuple[str, str | None]]:
    return [(word, "long" if len(word) > 3 else None) for word in text.split()]


def multimodal_textbox(message: dict[str, Any]) -> dict[str, Any]:
    return {"text": message["text"][::-1], "files": list(reversed(message["files"]))}


def shout(text: str) -> str:
    return text.upper()


def next_day(moment: dt.datetime) -> dt.datetime:
    return moment + dt.timedelta(days=1)


def color_picker(color: str) -> str:
    return f"#{0xFFFFFF ^ int(color[1:], 16):06x}"


def optional(text: str, count: float, loud: bool) -> str:
    said = " ".join([text] * int(count))
    return said.upper() if loud else said
