"""Once a local day at a time of day, as a pure value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)

FIRST_RUN_TOLERANCE = timedelta(seconds=30)
"""How late a schedule that never ran may start.

The next due time of such a schedule is worked out anew at every parse of its DAG; without this
tolerance a parse between the due time and the scheduler's next look would move it to tomorrow.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Daily:
    """One run a local day (R40, R41, R44).

    A time that the clocks repeat runs once, the second time. A time that the clocks skip runs as
    much later as the clocks were moved: 02:30 on a spring morning in Madrid runs at 03:30. A day
    that a zone skipped whole (Pacific/Apia, 30 December 2011) has no run.
    """

    time: time
    zone: ZoneInfo

    def on(self, day: date) -> datetime | None:
        """The instant of the run of that local day, in UTC; None for a day that never was."""
        local = datetime.combine(day, self.time, tzinfo=self.zone)
        first = local.utcoffset() or timedelta()
        second = local.replace(fold=1).utcoffset() or timedelta()
        repeated = first > second
        instant = local.replace(fold=int(repeated)).astimezone(UTC)
        skipped = first < second
        return None if skipped and not self._exists(day) else instant

    def next_after(self, instant: datetime) -> datetime:
        """The first run later than ``instant``, in UTC."""
        day = instant.astimezone(self.zone).date() - _DAY
        while (run := self.on(day)) is None or run <= instant:
            day += _DAY
        return run

    def latest_until(self, instant: datetime) -> datetime:
        """The last run not later than ``instant``, in UTC."""
        day = instant.astimezone(self.zone).date() + _DAY
        while (run := self.on(day)) is None or run > instant:
            day -= _DAY
        return run

    def due(self, *, now: datetime, last: datetime | None, grace: timedelta) -> datetime:
        """The run that is due next: a missed one within its grace, else the next one (R45).

        Args:
            now: the present, aware.
            last: the due time of the last run, or None when there never was one.
            grace: how late a run may still start.
        """
        missed = self.latest_until(now)
        if last is not None and missed <= last:
            return self.next_after(max(now, last))
        may_be_late = FIRST_RUN_TOLERANCE if last is None else max(grace, FIRST_RUN_TOLERANCE)
        return missed if now - missed <= may_be_late else self.next_after(now)

    def _exists(self, day: date) -> bool:
        noon = datetime.combine(day, time(12), tzinfo=self.zone)
        return noon.astimezone(UTC).astimezone(self.zone).date() == day
