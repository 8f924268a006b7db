"""The break: when most jobs of a route fail, its queue is left alone for a while.

Closed, it counts. Open, the queue is held. When the time is over it is half open: the next success
closes it, the next failure opens it again for twice as long.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

WINDOW = 20
"""Attempts that are looked back upon."""
LEAST_FAILURES = 10
FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 60.0


class Breaker:
    """The break of one route."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._recent: deque[bool] = deque(maxlen=WINDOW)
        self._pause = FIRST_PAUSE_S
        self.until: float | None = None
        """The queue is held until the clock says this; None while the break is not open."""
        self.half_open = False

    def succeeded(self) -> None:
        """An attempt succeeded."""
        if self.until is not None:
            return  # it had begun before the break opened
        if self.half_open:
            self.half_open = False
        self._recent.append(True)
        if self._pause > FIRST_PAUSE_S and len(self._recent) == WINDOW and all(self._recent):
            self._pause = FIRST_PAUSE_S

    def failed(self) -> None:
        """An attempt failed."""
        if self.until is not None:
            return
        self._recent.append(False)
        failures = self._recent.count(False)
        if self.half_open or (failures >= LEAST_FAILURES and 2 * failures >= len(self._recent)):
            self.open()

    def open(self) -> None:
        """Hold the queue; each time in succession for twice as long."""
        self._hold(self._pause)
        self._pause = min(2 * self._pause, LONGEST_PAUSE_S)
        self._recent.clear()

    def wait(self, seconds: float) -> None:
        """Hold the queue because the target asked for it; that is no failure."""
        self._hold(seconds)

    def probe(self) -> None:
        """The time is over: the next attempt decides."""
        if self.until is not None:
            self.until, self.half_open = None, True

    def _hold(self, seconds: float) -> None:
        self.until = max(self.until or 0.0, self._clock() + seconds)
        self.half_open = False
