"""The Retry-After header: seconds, or a date by the server's clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

SHORTEST_S, LONGEST_S = 1.0, 3600.0
"""A longer pause is cut short: the next job asks again. A shorter one would make a hot loop."""
_WITHOUT_S = 5.0


def pause(status: int, headers: Mapping[str, str]) -> float | None:
    """How long the server asks to be left alone; None when it does not ask.

    Args:
        status: 429 asks in any case, 503 only with a Retry-After.
        headers: The answer's headers; lookups must ignore case.
    """
    if status not in (429, 503):
        return None
    asked = _seconds(headers.get("Retry-After", "").strip(), headers.get("Date", ""))
    if asked is None:
        return _WITHOUT_S if status == 429 else None
    return min(max(asked, SHORTEST_S), LONGEST_S)


def _seconds(text: str, now: str) -> float | None:
    if text.isascii() and text.isdecimal():
        return float(text[:12])
    until, since = _date(text), _date(now)
    if until is None:
        return None
    return (until - (since or datetime.now(UTC))).total_seconds()


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
