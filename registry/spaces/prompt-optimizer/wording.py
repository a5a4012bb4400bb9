"""Knows vague words, and the places where a concrete wording can stand for one without changing what is asked."""

import re

from draft import FENCE

_TEXTS = (
    r"(?P<noun>answer|article|biography|description|email|essay|explanation|introduction|letter|message|note|overview"
    r"|paragraph|poem|post|report|review|speech|story|summary|text|tutorial)"
)
_ASKS = (
    r"(?P<verb>(?:compare|describe|explain|find|give|list|name|offer|propose|provide|show|suggest|tell|write)"
    r"(?: me| us)?)"
)
_VAGUE = re.compile(
    r"\b(?:good|nice|great|better|interesting|stuff|things?|something|some|a few|several|many|lots?|a bit|short|brief"
    r"|long|detailed|simple|various|etc|maybe|kind of|sort of|whatever|somehow|as needed)\b",
    re.IGNORECASE,
)
REWORDINGS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"\b{pattern}\b", re.IGNORECASE), wording)
    for pattern, wording in (
        (rf"an? (?:short|brief) {_TEXTS}", r"one \g<noun> of at most 100 words"),
        (rf"an? long {_TEXTS}", r"one \g<noun> of 600 to 800 words"),
        (rf"an? (?:good|great|nice) {_TEXTS}", r"one clear and complete \g<noun>"),
        (rf"an? (?:simple|easy) {_TEXTS}", r"one \g<noun> in plain words"),
        (rf"an? detailed {_TEXTS}", r"one \g<noun> with an example for each point"),
        (r"(?:keep it|make it|be) (?:short|brief)", "use at most 100 words"),
        (r"make it better", "make it clearer and more precise"),
        (r"in detail", "in three paragraphs with one example each"),
        (rf"{_ASKS} (?:a few|some)(?= [a-z]+ ?[a-z]*s\b)", r"\g<verb> three"),
        (rf"{_ASKS} several(?= [a-z]+ ?[a-z]*s\b)", r"\g<verb> five"),
        (rf"{_ASKS} (?:many|lots of|a lot of)(?= [a-z]+ ?[a-z]*s\b)", r"\g<verb> ten"),
        (rf"{_ASKS} (?:(?P<count>three|five|ten) )?(?:good|great|nice)(?= [a-z]+s\b)", r"\g<verb> \g<count> practical"),
        (r"(?:things|stuff|something)(?= (?:about|on)\b)", "specific facts"),
    )
)
"""What is vague and the wording that stands for it, by their places in a request."""


def vague_words(text: str) -> int:
    """Return how many vague words `text` has outside code."""
    return sum(len(_VAGUE.findall(piece)) for piece in text.split(FENCE)[::2])


def rewordings_of(text: str) -> list[int]:
    """Return which of `REWORDINGS` change `text`."""
    return [number for number in range(len(REWORDINGS)) if reworded(text, number) != text]


def reworded(text: str, number: int) -> str:
    """Return `text` with that one of `REWORDINGS` outside code."""
    pattern, wording = REWORDINGS[number]
    pieces = text.split(FENCE)

    def put(found: re.Match[str]) -> str:
        said = re.sub(r" {2,}", " ", found.expand(wording))
        return said[0].upper() + said[1:] if found.group()[0].isupper() else said

    pieces[::2] = [pattern.sub(put, piece) for piece in pieces[::2]]
    return FENCE.join(pieces)
