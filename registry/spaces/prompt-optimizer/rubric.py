"""Scores a prompt from 0 to 1 by what it states; the same text always has the same score."""

import re
from dataclasses import dataclass

from draft import FENCE
from wording import vague_words

_FEW_WORDS, _MANY_WORDS, _TOO_MANY_WORDS = 25, 400, 4000
_ENOUGH_CONSTRAINTS = 3
_ENOUGH_EXAMPLES = 2
_ENOUGH_STEPS = 3
_LINES = re.IGNORECASE | re.MULTILINE
_ROLE = re.compile(r"^\W{0,5}(?:you are|act as|imagine you are|as an? \w+ (?:expert|specialist))\b", _LINES)
_CONTEXT = re.compile(
    r"^\W{0,5}(?:context|background|audience)\s*:|\b(?:the audience is|aimed at|my readers)\b",
    _LINES,
)
_FORMAT = re.compile(
    r"^\W{0,5}(?:output )?format\s*:"
    r"|\bas (?:json|csv|yaml|xml|markdown|html|an? (?:\w+ )?(?:table|list)|bullet points)\b|\bin (?:json|csv|yaml)\b",
    _LINES,
)
_CONSTRAINT = re.compile(
    r"\b(?:at (?:most|least)|no more than|exactly|only|do not|don't|never|must|avoid|without)\b", re.IGNORECASE
)
_EXAMPLE = re.compile(r"^\W{0,5}(?:examples?(?: \d+)?|input)\s*:[ \t]*\S|\bfor example\b|\be\.g\.", _LINES)
_STEP = re.compile(r"^[ \t]*(?:\d{1,2}[.)]|step \d{1,2}\b)", _LINES)
_REASONING = re.compile(
    r"\bstep by step\b|\bthink (?:through|carefully|about)\b|\bshow your (?:work|reasoning)\b", re.IGNORECASE
)
_ACTION = re.compile(
    r"^\W{0,5}(?:task:\s*)?(?:analy[sz]e|answer|build|calculate|classify|compare|complete|convert|correct|create|debug"
    r"|define|describe|design|draft|edit|evaluate|explain|extract|find|fix|generate|give|identify|implement|improve|list"
    r"|make|name|outline|plan|propose|prove|recommend|refactor|rewrite|show|solve|sort|suggest|summari[sz]e|teach|tell"
    r"|test|translate|turn|write|(?:what|which|who|when|where|why|how)\b.*\?)",
    _LINES,
)
_EXACT = re.compile(r"\d|[\"'`][^\"'`\n]{2,60}[\"'`]|\b(?:one|two|three|four|five|six|seven|eight|nine|ten)\b")
# A text of 100,000 characters says in its beginning and its end what it wants; what lies between is material.
_READ_CHARACTERS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """What each criterion is given, from 0 to 1, by the names of `WEIGHTS`."""

    marks: dict[str, float]

    @property
    def score(self) -> float:
        """The weighted sum, from 0 to 1."""
        return round(sum(WEIGHTS[name] * mark for name, mark in self.marks.items()), 4)


WEIGHTS = {
    "action": 0.12,
    "specificity": 0.14,
    "role": 0.10,
    "context": 0.10,
    "constraints": 0.14,
    "format": 0.14,
    "examples": 0.10,
    "steps": 0.06,
    "reasoning": 0.04,
    "length": 0.06,
}
"""How much each criterion counts; they add up to 1."""


def rate(text: str) -> Rating:
    """Return what `text` is given for each criterion.

    - action: it says what to do by a verb, or asks a whole question.
    - specificity: few vague words among all words, and numbers or quoted names that leave no choice.
    - role, context, format, reasoning: stated or not.
    - constraints, examples, steps: in proportion, up to three, two and three.
    - length: full between 25 and 400 words, falling to nothing at none and at 4000.
    """
    if len(text) > 2 * _READ_CHARACTERS:
        head, tail = text[:_READ_CHARACTERS], text[-_READ_CHARACTERS:]
    else:
        head, tail = text, ""
    said = f"{head}\n{tail}"
    prose = "\n".join(said.split(FENCE)[::2])
    words = len(said.split())
    vague = min(1.0, 10 * vague_words(said) / max(words, 10))
    return Rating(
        marks={
            "action": _whether(_ACTION, said),
            "specificity": 0.6 * (1 - vague) * min(1.0, words / 5) + 0.4 * min(1.0, len(_EXACT.findall(prose)) / 3),
            "role": _whether(_ROLE, prose),
            "context": _whether(_CONTEXT, prose),
            "constraints": _share(_CONSTRAINT, prose, _ENOUGH_CONSTRAINTS),
            "format": _whether(_FORMAT, prose),
            "examples": _share(_EXAMPLE, prose, _ENOUGH_EXAMPLES),
            "steps": _share(_STEP, prose, _ENOUGH_STEPS),
            "reasoning": _whether(_REASONING, prose),
            "length": _length_mark(len(text.split())),
        }
    )


def _whether(pattern: re.Pattern[str], text: str) -> float:
    return float(pattern.search(text) is not None)


def _share(pattern: re.Pattern[str], text: str, enough: int) -> float:
    return min(1.0, len(pattern.findall(text)) / enough)


def _length_mark(words: int) -> float:
    if words < _FEW_WORDS:
        return words / _FEW_WORDS
    if words <= _MANY_WORDS:
        return 1.0
    return max(0.0, 1 - (words - _MANY_WORDS) / (_TOO_MANY_WORDS - _MANY_WORDS))
