"""Does things at a time, unless they are called off before: with one thread for all of them."""

import heapq
import itertools
import threading
import time
from collections.abc import Callable

_LINGER_S = 0.5
"""How long the thread waits for another alarm when there is none."""
_MOST_STALE = 64


class Alarm:
    """An action at a time of the monotonic clock; None once it was called off or done."""

    __slots__ = ("action", "at_s")

    def __init__(self, at_s: float, action: Callable[[], None]) -> None:
        self.at_s = at_s
        self.action: Callable[[], None] | None = action


class AlarmClock:
    """A timer for calls by the thousand: `threading.Timer` starts a thread for each, which costs a tenth of a call.

    An action runs while the clock is locked, so that none runs any more when `call_off` has returned. It must be short,
    raise nothing, and set no alarm itself. The thread ends when there has been nothing to wait for.
    """

    def __init__(self, *, linger_s: float = _LINGER_S) -> None:
        self._linger_s = linger_s
        self._changed = threading.Condition()
        self._alarms: list[tuple[float, int, Alarm]] = []
        self._numbers = itertools.count()
        self._stale = 0
        self._runs = False

    def ring(self, after_s: float, action: Callable[[], None]) -> Alarm:
        """Return an alarm that does `action` in `after_s` seconds."""
        alarm = Alarm(time.monotonic() + after_s, action)
        with self._changed:
            is_first = not self._alarms or alarm.at_s < self._alarms[0][0]
            heapq.heappush(self._alarms, (alarm.at_s, next(self._numbers), alarm))
            if not self._runs:
                self._runs = True
                threading.Thread(target=self._run, name="hfsr-alarm", daemon=True).start()
            elif is_first:
                self._changed.notify()
        return alarm

    def call_off(self, alarm: Alarm) -> None:
        """See to it that `alarm` does nothing from now on."""
        with self._changed:
            if alarm.action is None:
                return
            alarm.action = None
            self._stale += 1
            # Each lasts minutes in the list although its call took milliseconds.
            if self._stale > max(_MOST_STALE, len(self._alarms) // 2):
                self._alarms = [item for item in self._alarms if item[2].action is not None]
                heapq.heapify(self._alarms)
                self._stale = 0

    def _run(self) -> None:
        with self._changed:
            while self._has_live() or self._changed.wait(self._linger_s) or self._has_live():
                while self._alarms and (self._alarms[0][2].action is None or self._alarms[0][0] <= time.monotonic()):
                    self._end(heapq.heappop(self._alarms)[2])
                if self._alarms:
                    # Nobody wakes this thread when the last one is called off, so it looks by itself.
                    self._changed.wait(min(max(0.0, self._alarms[0][0] - time.monotonic()), self._linger_s))
            self._alarms.clear()
            self._stale = 0
            self._runs = False

    def _has_live(self) -> bool:
        return len(self._alarms) > self._stale

    def _end(self, alarm: Alarm) -> None:
        if alarm.action is None:
            self._stale -= 1
        else:
            action, alarm.action = alarm.action, None
            action()
