"""Moments around the data's own now, as text for COPY, without formatting each of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

DAY = 24 * 60
_DAYS_BACK, _DAYS_AHEAD = 800, 120


class Moments:
    """Texts of whole minutes in UTC, counted from ``as_of`` (which is cut to its minute)."""

    def __init__(self, as_of: datetime) -> None:
        now = as_of.astimezone(UTC)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        self._first = _DAYS_BACK * DAY + now.hour * 60 + now.minute
        self._days = [
            (midnight + timedelta(days=day)).date().isoformat()
            for day in range(-_DAYS_BACK, _DAYS_AHEAD)
        ]
        self._minutes = [f" {minute // 60:02}:{minute % 60:02}+00" for minute in range(DAY)]

    def at(self, minutes: int) -> str:
        """So many minutes after ``as_of``; negative: before it."""
        day, minute = divmod(self._first + minutes, DAY)
        return self._days[day] + self._minutes[minute]
