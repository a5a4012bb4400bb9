"""Decides what a clean-up removes: a plan that can be shown, and then carried out as it was shown."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never


class LeftoverKind(StrEnum):
    """The kinds of thing that we leave on a machine."""

    CONTAINER = "container"
    SCRATCH = "scratch folder"
    MODEL_CACHE = "model cache"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """Something of ours: `last_used_at` in Unix seconds, `size_bytes` None where nobody knows it.

    `owner` is the process that made a container (`host:pid`), empty for everything else.
    """

    kind: LeftoverKind
    name: str
    last_used_at: float
    size_bytes: int | None = None
    owner: str = ""
    running: bool = False


def plan_clean_up(
    leftovers: Iterable[Leftover], *, now: float, older_than_s: float, is_alive: Callable[[str], bool]
) -> tuple[Leftover, ...]:
    """Return those of `leftovers` that have not been used for `older_than_s` and that no living process works with."""
    return tuple(
        leftover
        for leftover in leftovers
        if now - leftover.last_used_at >= older_than_s and not _in_use(leftover, is_alive)
    )


def _in_use(leftover: Leftover, is_alive: Callable[[str], bool]) -> bool:
    match leftover.kind:
        case LeftoverKind.CONTAINER | LeftoverKind.SCRATCH:
            return bool(leftover.owner) and is_alive(leftover.owner)
        case LeftoverKind.MODEL_CACHE:
            return leftover.running
        case _:
            assert_never(leftover.kind)
