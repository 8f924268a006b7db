"""A maintenance task's frequency or time of day as a schedule."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from system_daemon.configuration.maintenance_tasks import MaintenanceTask
from system_daemon.schedule.daily import Daily
from system_daemon.schedule.every import Every


def schedule(task: MaintenanceTask) -> Daily | Every | None:
    """When the task runs (R23); None: only when a job or a person asks for it."""
    if task.frequency is not None:
        return Every(seconds=task.frequency)
    if task.daily_time is not None:
        return Daily(time=task.daily_time, zone=ZoneInfo(task.timezone))
    return None
