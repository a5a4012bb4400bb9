"""How much disk the image of a Space takes, or will take, and how much is free."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Disk in bytes: what the image takes here, what it would take, what is free; None where nobody knows."""

    taken_bytes: int | None = None
    needed_bytes: int | None = None
    free_bytes: int | None = None
