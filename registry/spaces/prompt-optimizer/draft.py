"""The prompt in its parts, and how they are put together into one text."""

import re
from dataclasses import dataclass

FENCE = "```"
"""What code stands between; nothing in it is ever changed."""

_ASKED_POLITELY = re.compile(
    r"\b(?:could|can|would|will) you (?:please |kindly )?(?P<rest>[a-z][^?\n]{0,500})\?", re.IGNORECASE
)
_FILLER = re.compile(
    r"\bI(?: would|'d) (?:really )?like you to "
    r"|\bI (?:want|need) you to "
    r"|\b(?:please|kindly|basically|simply|actually)\b,? ?"
    r"|[,.]? ?\b(?:thanks|thank you)(?: so much| very much| a lot| in advance)?\b[.!]*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A prompt in parts. `task` is the user's own text, cleaned; the others are empty until an operator states them."""

    task: str
    role: str = ""
    context: str = ""
    steps: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    output_format: str = ""
    examples: tuple[tuple[str, str], ...] = ()
    reasoning: str = ""

    def render(self) -> str:
        """Return the prompt as one text. A draft of nothing but its task is that task."""
        parts = [self.role, f"Task: {self.task}" if self.is_extended else self.task]
        if self.context:
            parts.append(f"Context: {self.context}")
        if self.steps:
            parts.append("Steps:\n" + "\n".join(f"{number}. {step}" for number, step in enumerate(self.steps, start=1)))
        if self.constraints:
            parts.append("Constraints:\n" + "\n".join(f"- {constraint}" for constraint in self.constraints))
        if self.output_format:
            parts.append(f"Output format: {self.output_format}")
        if self.examples:
            pairs = (f"Input: {given}\nOutput: {wanted}" for given, wanted in self.examples)
            parts.append("Examples:\n" + "\n\n".join(pairs))
        parts.append(self.reasoning)
        return "\n\n".join(part for part in parts if part)

    @property
    def is_extended(self) -> bool:
        """Whether anything was added to the task."""
        return self != Draft(task=self.task)


def tidy(text: str) -> str:
    """Return `text` with one space between words and at most one empty line; indents stay, code between fences too."""
    pieces = text.replace("\r\n", "\n").replace("\r", "\n").split(FENCE)
    # An odd number of pieces means that every fence has its end; else the last one opens and all after it is code.
    for at in range(0, len(pieces), 2):
        *lines, last = [re.sub(r"(?<=\S)[ \t\u00a0]+", " ", line) for line in pieces[at].split("\n")]
        pieces[at] = re.sub(r"\n{3,}", "\n\n", "\n".join([*(line.rstrip() for line in lines), last]))
    return FENCE.join(pieces).strip()


def without_filler(text: str) -> str:
    """Return `text` without what is polite and says nothing, outside code; a text of nothing else stays."""
    pieces = text.split(FENCE)
    for at in range(0, len(pieces), 2):
        shorter = _FILLER.sub("", _ASKED_POLITELY.sub(_order, pieces[at]))
        if shorter != pieces[at]:
            shorter = re.sub(r" +(?=[,.;:!?\n]|$)", "", shorter)
            shorter = re.sub(r"[ ]{2,}", " ", shorter)
            pieces[at] = re.sub(r"\A(\s*)([a-z])", lambda start: start[1] + start[2].upper(), shorter)
    result = FENCE.join(pieces).strip()
    return result if re.search(r"\w", result) else text


def _order(question: re.Match[str]) -> str:
    """Return the order that stands in a polite question."""
    rest = question["rest"]
    return f"{rest[0].upper() if question.group()[0].isupper() else rest[0]}{rest[1:]}."


def cut_to_words(text: str, limit: int) -> str:
    """Return `text` up to its `limit`-th word, with the spaces and lines between the words as they are."""
    ends = [found.end() for found, _ in zip(re.finditer(r"\S+", text), range(limit + 1), strict=False)]
    return text if len(ends) <= limit else text[: ends[limit - 1]]
