"""Measures how long calls take and how fast items get done, and tries out whether more containers help."""

from hf_spaces_runner.planning.pool_growth import (
    Load,
    Trial,
    average,
    containers_to_add,
    containers_worth,
    is_over,
    next_trial_at,
)

_RATE_EVERY_S = 1.0


class Meter:
    """What was measured so far. Not for several threads at once: the crew's lock guards it. Times in seconds."""

    def __init__(self) -> None:
        self.rate: float | None = None
        self.cold_start_s = 0.0
        self.calls = 0
        self.steady_since = 0.0
        self.trial: Trial | None = None
        self._next_trial_at = 0
        self._sessions = 1
        self._ticks = 0
        self._tick_at = 0.0
        self._calls_in_tick = 0

    def note_call(self, now: float) -> None:
        """Note a call that has ended."""
        self.calls += 1
        self._calls_in_tick += 1
        # Calls that run together end together: fewer than one of each session tell nothing.
        if now - self._tick_at >= _RATE_EVERY_S and self._calls_in_tick >= self._sessions:
            self._ticks += 1
            self.rate = average(self.rate or 0.0, self._calls_in_tick / (now - self._tick_at), self._ticks)
            self._tick_at, self._calls_in_tick = now, 0

    def rate_at(self, now: float) -> float:
        """Return how many calls a second end with the containers that are there now; 0.0 where nobody knows."""
        if self._ticks and self.rate is not None:
            return self.rate
        return self.calls / (now - self.steady_since) if now > self.steady_since else 0.0

    def begin_anew(self, now: float, sessions: int) -> None:
        """Note that so many sessions are there now: what was measured before holds no longer."""
        self._sessions = max(1, sessions)
        self.steady_since = self._tick_at = now
        self.calls = self._ticks = self._calls_in_tick = 0

    def add(self, load: Load, done: int) -> int:
        """Return how many containers to add; they are on trial then."""
        if self.trial is not None or done < self._next_trial_at:
            return 0
        count = containers_to_add(load)
        if count:
            self.trial = Trial(containers=load.ready, rate=load.rate)
        return count

    def drop(self, load: Load, done: int) -> int:
        """Return how many of the containers on trial have not paid, once that is known; 0 before."""
        if self.trial is None or not is_over(load):
            return 0
        count = load.ready - containers_worth(self.trial, load)
        self.trial = None
        if count:
            self.put_off(done)
        return count

    def put_off(self, done: int) -> None:
        """End a trial that failed, and let the next one wait."""
        self.trial = None
        self._next_trial_at = next_trial_at(done)
