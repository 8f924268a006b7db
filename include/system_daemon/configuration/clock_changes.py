"""Which times of day a zone skips or repeats when its clocks change (R44)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

_YEAR = 2037
"""A year far enough ahead that a zone's standing rule holds, whatever today is."""
_DAY = timedelta(days=1)
_QUARTER = timedelta(minutes=15)
"""Zones change their clocks on a quarter of an hour."""


def skipped_or_repeated(at: time, zone: ZoneInfo) -> str | None:
    """``"does not exist"``, ``"comes twice"``, both, or None for a time that every day has once."""
    odd = [word for start, end, word in _windows(zone) if _within(at, start, end)]
    return " or ".join(dict.fromkeys(odd)) or None


def _within(at: time, start: time, end: time) -> bool:
    """Whether the time is in the window, which may lie across midnight."""
    return start <= at < end if start < end else at >= start or at < end


@cache
def _windows(zone: ZoneInfo) -> tuple[tuple[time, time, str], ...]:
    """(from, until, word) in local time, one for each change of the zone's clocks in a year."""
    found = []
    for instant in _changes(zone):
        old = (instant + _offset(instant - _QUARTER, zone)).time()
        new = (instant + _offset(instant, zone)).time()
        if _offset(instant, zone) > _offset(instant - _QUARTER, zone):
            found.append((old, new, "does not exist"))
        else:
            found.append((new, old, "comes twice"))
    return tuple(found)


def _changes(zone: ZoneInfo) -> Iterator[datetime]:
    day, end = datetime(_YEAR, 1, 1, tzinfo=UTC), datetime(_YEAR + 1, 1, 1, tzinfo=UTC)
    while day < end:
        if _offset(day, zone) != _offset(day + _DAY, zone):
            quarters = (day + count * _QUARTER for count in range(1, _DAY // _QUARTER + 1))
            yield next(at for at in quarters if _offset(at, zone) != _offset(day, zone))
        day += _DAY


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta()
