"""How fast a sweep goes: at full speed while it has the server for itself, else in small steps.

A user's commit waits until all that was written before it is on disk, the sweep's rows included,
and a user's query waits for a processor that a batch keeps busy. So while others write, a step is a
few rows, is on disk before the next one begins, and is followed by a rest longer than itself.
"""

from __future__ import annotations

from collections.abc import Callable

from system_daemon.maintenance.neighbours import Neighbours

_LOOK_EVERY = 0.25
"""Seconds between two looks at what others do."""
_OTHERS = 5
"""Transactions a second that write, from which on others are at work."""
_GENTLE_FOR = 2.0
"""Seconds that it stays gentle after the last look that saw others."""
STEP_ROWS = 10
"""Rows of one step: more of them are noticed by users, measured in ``bench/maintenance.py``."""
_REST_TIMES, _REST_AT_LEAST = 4.0, 0.02
"""A rest in lengths of its step, and in seconds."""


class Pace:
    """The steps and rests of one run.

    Args:
        neighbours: tells how much others write.
        clock: seconds.
        rest: waits so many seconds.
    """

    def __init__(
        self, neighbours: Neighbours, *, clock: Callable[[], float], rest: Callable[[float], None]
    ) -> None:
        self._neighbours = neighbours
        self._clock = clock
        self._rest = rest
        self._looked: float | None = None
        self._gentle_until = 0.0

    def at_most(self, rows: int) -> int:
        """How many of so many rows the next batch may take.

        Raises ConnectionLostError.
        """
        now = self._clock()
        if self._looked is None:
            # Nothing can be said before the second look: it begins gently.
            self._neighbours.look()
            self._looked, self._gentle_until = now, now + _LOOK_EVERY
        elif now - self._looked >= _LOOK_EVERY:
            if self._neighbours.look() >= _OTHERS * (now - self._looked):
                self._gentle_until = now + _GENTLE_FOR
            self._looked = now
        return min(rows, STEP_ROWS) if self._is_gentle(now) else rows

    def after(self, seconds: float) -> None:
        """Rest after a batch that took so many seconds."""
        if self._is_gentle(self._clock()):
            self._rest(max(_REST_AT_LEAST, _REST_TIMES * seconds))

    def _is_gentle(self, now: float) -> bool:
        return now < self._gentle_until
