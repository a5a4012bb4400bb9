"""Decides for how long nobody has used a Space, from the connections that its container counts."""

from dataclasses import dataclass, replace
from typing import Self

from hf_spaces_runner.planning.listening import accepted_connections, established


@dataclass(frozen=True, slots=True, kw_only=True)
class Idleness:
    """For how long a Space was not used, and for how long it may be. `limit_s` None means for ever.

    `accepted` is how many connections it had taken when it was last looked at.
    """

    limit_s: float | None
    used_at: float
    looked_at: float
    accepted: int | None = None

    @classmethod
    def since(cls, now: float, limit_s: float | None) -> Self:
        """Return the idleness of a Space that was used just `now`, on a clock of seconds."""
        return cls(limit_s=limit_s, used_at=now, looked_at=now)

    def looked(self, tables: str, port: int, now: float) -> Self:
        """Return it after a look at the container's `tables` of connections.

        A Space is used while somebody holds a connection to its port, as an open page does, and when it has taken one
        since the last look. Where the tables cannot be read it counts as used: to end it would be a guess.
        """
        accepted = accepted_connections(tables)
        used = accepted is None or accepted != self.accepted or established(tables, port) > 0
        return replace(self, used_at=now if used else self.used_at, looked_at=now, accepted=accepted)

    @property
    def over(self) -> bool:
        """Whether it was not used for too long."""
        return self.left_s <= 0

    @property
    def left_s(self) -> float:
        """For how many seconds more it may be idle; infinite without a limit."""
        return float("inf") if self.limit_s is None else self.limit_s - (self.looked_at - self.used_at)
