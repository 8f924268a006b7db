"""When a shift ends by itself although jobs wait: it is old, or a route has been down for long.

A busy shift does not end between two jobs of its own accord: it takes no more of them for a while
and hopes to come to rest. It does not cut a job off for that. If one runs on, the shift goes on,
and later tries again with twice the patience, so that nine tenths of its time it serves the queue.
"""

from __future__ import annotations

from system_daemon.jobs.doors import Doors
from system_daemon.jobs.verdict import SafeError

DOWN_S = 300.0
"""After so long a held route ends the shift in an error, which Airflow shows and alerts about."""
_FIRST_PATIENCE_S = 5.0
_SERVING = 9
"""How many times its patience the shift serves the queue before it tries to rest again."""


class RouteDownError(SafeError):
    """A route has been failing for minutes; the text says which one, and how."""


class Ending:
    """The end of one shift."""

    def __init__(self, doors: Doors, *, longest: float) -> None:
        """A shift that begins now.

        Args:
            doors: The routes it serves.
            longest: Its seconds.
        """
        self._doors = doors
        self._clock = doors.clock
        self._ends_at = self._clock() + longest
        self._try_at = 0.0
        self.patience = _FIRST_PATIENCE_S
        """Seconds that the shift waits to come to rest."""

    def due(self) -> bool:
        """Whether the shift should come to rest now."""
        now = self._clock()
        return now >= self._try_at and (now >= self._ends_at or self.trouble() is not None)

    def failed_to_rest(self) -> None:
        """A job ran on."""
        self._try_at = self._clock() + _SERVING * self.patience
        self.patience *= 2

    def trouble(self) -> RouteDownError | None:
        """What is to be told of routes that have been down for long."""
        now = self._clock()
        sentences = []
        for door in self._doors.all():
            down = door.down()
            if down is not None and now - down[0] >= DOWN_S:
                since, reason = down
                sentences.append(
                    f"the route to {door.target} has been down for {now - since:.0f} s: {reason}"
                )
        if not sentences:
            return None
        return RouteDownError(
            f"{'; '.join(sentences)}; its jobs wait in the queue, and the next run tries one again"
        )
