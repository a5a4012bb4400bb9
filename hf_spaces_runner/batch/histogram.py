"""Keeps how often durations came in a few hundred numbers, however many they are."""

import math

from hf_spaces_runner.domain.batch_summary import LatencyBin

_STEP = math.log(1.05)
_SHORTEST_S, _LONGEST_S = 1e-6, 1e7


class Histogram:
    """How often durations came, in bins each of which ends 5 % later than it begins; so far off is what it tells."""

    __slots__ = ("bins", "count", "longest_s", "shortest_s")

    def __init__(self) -> None:
        self.bins: dict[int, int] = {}
        self.shortest_s, self.longest_s = math.inf, 0.0
        self.count = 0

    def add(self, seconds: float) -> None:
        """Note a duration of more than zero."""
        seconds = min(max(seconds, _SHORTEST_S), _LONGEST_S)
        place = math.floor(math.log(seconds) / _STEP)
        self.bins[place] = self.bins.get(place, 0) + 1
        self.shortest_s, self.longest_s = min(self.shortest_s, seconds), max(self.longest_s, seconds)
        self.count += 1

    def merge(self, other: "Histogram") -> None:
        """Note all that `other` has."""
        for place, count in other.bins.items():
            self.bins[place] = self.bins.get(place, 0) + count
        self.shortest_s = min(self.shortest_s, other.shortest_s)
        self.longest_s = max(self.longest_s, other.longest_s)
        self.count += other.count

    def quantile(self, part: float) -> float | None:
        """Return the duration that `part` (from 0 to 1) of all are not above; None where there is none."""
        if not self.count:
            return None
        rank = max(1.0, part * self.count)
        below = 0
        for place in sorted(self.bins):
            count = self.bins[place]
            if below + count >= rank:
                found = math.exp((place + (rank - below) / count) * _STEP)
                return min(max(found, self.shortest_s), self.longest_s)
            below += count
        return self.longest_s

    def side_by_side(self) -> tuple[LatencyBin, ...]:
        """Return the bins from the first to the last that is not empty."""
        if not self.count:
            return ()
        return tuple(
            LatencyBin(
                low_s=math.exp(place * _STEP), high_s=math.exp((place + 1) * _STEP), count=self.bins.get(place, 0)
            )
            for place in range(min(self.bins), max(self.bins) + 1)
        )
