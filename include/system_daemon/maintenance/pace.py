"""How fast a sweep goes: at full speed while it has the database for itself, else in small steps.

A user's commit waits until all that was written before it is on disk, the sweep's rows included. So
while others work, a step is short, is on disk before the next one begins, and is followed by a rest
that is longer than the step.
"""

from __future__ import annotations

from collections.abc import Callable

from system_daemon.maintenance.neighbours import Neighbours

_LOOK_EVERY = 0.5
"""Seconds between two looks at what others do."""
_OTHERS = 5
"""Transactions a second that write, from which on others are at work."""
_STEP = 0.005
"""Seconds that a step shall take while others work."""
_REST_TIMES, _REST_AT_LEAST = 3.0, 0.02
"""A rest in lengths of its step, and in seconds."""
_FIRST_ROWS, _FEWEST_ROWS = 50, 10


class Pace:
    """The steps and rests of one run.

    Args:
        neighbours: tells how much others do.
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
        self._gentle = True
        self._step_rows = _FIRST_ROWS

    def at_most(self, rows: int) -> int:
        """How many of so many rows the next batch may take.

        Raises ConnectionLostError.
        """
        now = self._clock()
        if self._looked is None:
            # Nothing can be said before the second look: it begins gently.
            self._neighbours.look()
            self._looked = now
        elif now - self._looked >= _LOOK_EVERY:
            others = self._neighbours.look() / (now - self._looked)
            self._gentle, self._looked = others >= _OTHERS, now
        return min(rows, self._step_rows) if self._gentle else rows

    def after(self, rows: int, seconds: float) -> None:
        """Rest after a batch that found so many rows and took so many seconds."""
        if not self._gentle:
            return
        if rows:
            fitting = int(rows * _STEP / max(seconds, 1e-4))
            self._step_rows = max(_FEWEST_ROWS, min(fitting, 2 * self._step_rows))
        self._rest(max(_REST_AT_LEAST, _REST_TIMES * seconds))
