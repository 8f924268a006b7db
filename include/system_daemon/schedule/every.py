"""A fixed lapse from the start of one run to the start of the next, as a pure value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """One run each so many seconds, counted from start to start (R23).

    Ticks that pass while a run is still at work, or while nothing runs at all, collapse into one,
    the last of them (R6): there is never a backlog, and the rhythm is kept.
    """

    seconds: float

    def next_after(self, last: datetime) -> datetime:
        """The tick after that one."""
        return last + self.lapse

    def due(self, *, now: datetime, last: datetime | None) -> datetime:
        """The tick that is due next: the last missed one, else the next; at once for the first.

        Args:
            now: the present, aware.
            last: the due time of the last run, or None when there never was one.
        """
        if last is None:
            return now
        # Airflow hands over pendulum's moments, whose difference cannot be divided by a timedelta.
        missed = timedelta(seconds=(now - last).total_seconds()) // self.lapse
        return last + max(missed, 1) * self.lapse

    @property
    def lapse(self) -> timedelta:
        """From one tick to the next."""
        return timedelta(seconds=self.seconds)
