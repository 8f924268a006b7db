"""Which times of day a zone skips or repeats when its clocks change (R44)."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

_YEAR = 2037
"""A year far enough ahead that a zone's standing rule holds, whatever today is."""


def skipped_or_repeated(at: time, zone: ZoneInfo) -> str | None:
    """``"does not exist"``, ``"comes twice"``, both, or None for a time that every day has once."""
    odd = [word for start, end, word in _windows(zone) if _within(at, start, end)]
    return " or ".join(dict.fromkeys(odd)) or None


def _within(at: time, start: time, end: time) -> bool:
    return start <= at < end if start < end else at >= start or at < end


@cache
def _windows(zone: ZoneInfo) -> tuple[tuple[time, time, str], ...]:
    """(from, until, word) in local time, one for each change of the zone's clocks in a year."""
    found = []
    instant, end = datetime(_YEAR, 1, 1, tzinfo=UTC), datetime(_YEAR + 1, 1, 1, tzinfo=UTC)
    quarter = timedelta(minutes=15)  # zones change their clocks on a quarter of an hour
    while instant < end:
        before = (instant - quarter).astimezone(zone).utcoffset() or timedelta()
        after = instant.astimezone(zone).utcoffset() or timedelta()
        if before != after:
            old, new = (instant + before).time(), (instant + after).time()
            word = "does not exist" if after > before else "comes twice"
            found.append((min(old, new), max(old, new), word))
        instant += quarter
    return tuple(found)
