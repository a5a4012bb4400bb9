"""One output on its way through the processors: what it is, how it reads as text, and its files."""

from dataclasses import dataclass
from enum import IntEnum

from hf_spaces_runner.domain.result import Output, OutputFile


class Rank(IntEnum):
    """Which of the outputs that read as text is the text of the answer: the lowest, and of these the first."""

    WANTED = 0
    TEXT = 1
    JSON = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One output. `text` is None where it does not read as text; `files` are those that were written for it."""

    output: Output
    text: str | None = None
    rank: Rank = Rank.WANTED
    files: tuple[OutputFile, ...] = ()
