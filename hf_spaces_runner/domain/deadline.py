"""A point in time after which a phase has failed, with the clock passed in so that tests never wait."""

from collections.abc import Callable
from dataclasses import dataclass, field

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A moment on `clock` (seconds, monotonic)."""

    at: float
    limit_s: float
    clock: Clock = field(repr=False, compare=False)

    @classmethod
    def after(cls, limit_s: float, clock: Clock) -> "Deadline":
        """Return the deadline `limit_s` seconds from now on `clock`."""
        return cls(at=clock() + limit_s, limit_s=limit_s, clock=clock)

    @property
    def remaining_s(self) -> float:
        """Seconds left; 0.0 when the deadline has passed, never negative."""
        return max(0.0, self.at - self.clock())

    @property
    def passed(self) -> bool:
        """Whether no time is left."""
        return self.remaining_s <= 0.0
