"""When a schedule falls due next, for the lists of the terminal."""

from __future__ import annotations

from datetime import datetime

from system_daemon.schedule.daily import Daily

_SHOWN = 3


def due_times(plan: Daily, now: datetime) -> list[datetime]:
    """The next due times, in the plan's zone."""
    found = [plan.next_after(now)]
    while len(found) < _SHOWN:
        found.append(plan.next_after(found[-1]))
    return [time.astimezone(plan.zone) for time in found]


def told(plan: Daily, due: list[datetime]) -> str:
    """Due times for people."""
    precision = "seconds" if plan.time.second else "minutes"
    return ", ".join(time.isoformat(" ", precision) for time in due)
