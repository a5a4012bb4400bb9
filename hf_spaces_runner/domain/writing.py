"""What a language model is asked to write, and how it chooses its words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Message = Mapping[str, str]
"""`role` (system, user, assistant) and `content`."""

OnPiece = Callable[[str], None]
"""Told each new piece of a text; what it raises ends the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How the next token is chosen; None leaves it to the model. A temperature of 0 always takes the likeliest."""

    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a model wrote. `is_whole`: it came to an end by itself, before it was allowed no more tokens."""

    text: str
    prompt_tokens: int
    new_tokens: int
    is_whole: bool


def ignore_piece(_: str) -> None:
    """Be the callback of somebody who waits for the whole text."""
