"""Splits text into passages that are short enough to read and long enough to understand, and says where each stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sentencex import segment

MAX_CHARACTERS = 700
# Shorter paragraphs, headings above all, go together with what follows them.
MIN_CHARACTERS = 200

PARAGRAPH = re.compile(r"\S(?:.|\n(?!\s*\n))*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A page or a whole document: `place` says where it is; empty where the lines of the text say it."""

    text: str
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """What can be found: `place` is for a reader, as in `lines 3-7` or `page 2`."""

    document: str
    place: str
    text: str


def split_passages(document: str, parts: list[Part]) -> Iterator[Passage]:
    """Yield the passages of a document in their order; none goes over the end of a part."""
    for part in parts:
        lines = _LineNumbers(part.text)
        for start, end in _spans(part.text):
            place = part.place or lines.named(start, end)
            yield Passage(document=document, place=place, text=" ".join(part.text[start:end].split()))


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield where passages begin and end: paragraphs, short ones joined, long ones cut between sentences."""
    begun: int | None = None
    last = 0
    for start, end in _pieces(text):
        if begun is not None and (end - begun > MAX_CHARACTERS or last - begun >= MIN_CHARACTERS):
            yield begun, last
            begun = None
        begun = start if begun is None else begun
        last = end
    if begun is not None:
        yield begun, last


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """Yield where paragraphs begin and end, and sentences or bare cuts where those are too long."""
    for paragraph in PARAGRAPH.finditer(text):
        if len(paragraph.group()) <= MAX_CHARACTERS:
            yield paragraph.span()
            continue
        at = paragraph.start()
        for sentence in segment("en", paragraph.group()):
            for cut in range(0, len(sentence), MAX_CHARACTERS):
                yield at + cut, at + min(cut + MAX_CHARACTERS, len(sentence))
            at += len(sentence)


class _LineNumbers:
    """Turns places of a text into line numbers from 1; the places that are asked for must not go back."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1

    def named(self, start: int, end: int) -> str:
        self._line += self._text.count("\n", self._at, start)
        self._at = start
        last = self._line + self._text.count("\n", start, end)
        return f"line {last}" if last == self._line else f"lines {self._line}-{last}"
