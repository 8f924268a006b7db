"""The break: when most jobs of a route fail, the route is left alone for a while.

Closed, it counts. Open, the route is held. When the time is over it is half open: the next success
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
        """The route is held until the clock says this; None while the break is not open."""
        self.half_open = False
        self.down_since: float | None = None
        """When it opened first without a success since; a pause that was asked for is none."""
        self.reason = ""
        """The last failure's sentence, fit for logs."""

    @property
    def barred(self) -> bool:
        """Whether it is open, or half open."""
        return self.until is not None or self.half_open

    def succeeded(self) -> None:
        """An attempt succeeded."""
        if self.until is not None:
            return  # it had begun before the break opened
        self.half_open = False
        self.down_since = None
        self._recent.append(True)
        if self._pause > FIRST_PAUSE_S and len(self._recent) == WINDOW and all(self._recent):
            self._pause = FIRST_PAUSE_S

    def failed(self, reason: str = "") -> None:
        """An attempt failed, as the sentence says; it is fit for logs."""
        if self.until is not None:
            return
        self.reason = reason
        self._recent.append(False)
        failures = self._recent.count(False)
        if self.half_open or (failures >= LEAST_FAILURES and 2 * failures >= len(self._recent)):
            self.open(reason)

    def suspect(self) -> None:
        """It was open a while ago, in another process: the next attempt decides."""
        self.half_open = True

    def open(self, reason: str = "") -> None:
        """Hold the route; each time in succession for twice as long."""
        self.reason = reason
        if self.down_since is None:
            self.down_since = self._clock()
        self._hold(self._pause)
        self._pause = min(2 * self._pause, LONGEST_PAUSE_S)
        self._recent.clear()

    def wait(self, seconds: float) -> None:
        """Hold the route because the target asked for it; that is no failure."""
        self._hold(seconds)

    def probe(self) -> None:
        """The time is over: the next attempt decides."""
        if self.until is not None:
            self.until, self.half_open = None, True

    def _hold(self, seconds: float) -> None:
        self.until = max(self.until or 0.0, self._clock() + seconds)
        self.half_open = False
