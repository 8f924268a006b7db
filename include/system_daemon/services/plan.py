"""A service's execution plan as a schedule."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from system_daemon.configuration.services import Service
from system_daemon.configuration.settings import Settings
from system_daemon.schedule.after_run import AfterRun
from system_daemon.schedule.daily import Daily


def schedule(service: Service, settings: Settings) -> Daily | AfterRun:
    """When the service is executed (R39)."""
    match service.execution_plan.period:
        case "daily":
            return Daily(time=service.daily_time(), zone=ZoneInfo(service.zone_name(settings)))
        case "interval":
            return AfterRun(**service.execution_plan.intervals.model_dump())
