"""What a run tells about itself while it goes on."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """What happens first, and the phases of an attempt, in their order."""

    PLAN = "plan"
    PULL = "pull"
    BUILD = "build"
    WAIT = "wait"
    START = "start"
    READY = "ready"
    CALL = "call"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One step forward inside a phase.

    `completed` and `total` count `unit`s (`bytes` or `steps`); `total` is None where nobody knows it yet.
    `done` marks the last event of a phase, `warning` what the user should know whatever else is shown, `note` what is
    told once and stays. `message` is one line, `partial` all of the text that a Space has given so far; both are safe
    for a terminal.
    """

    phase: Phase
    message: str
    completed: int | None = None
    total: int | None = None
    unit: str = "steps"
    done: bool = False
    warning: bool = False
    note: bool = False
    partial: str | None = None


ProgressCallback = Callable[[Progress], None]


def ignore_progress(_: Progress) -> None:
    """Be the callback of somebody who does not want to know."""
