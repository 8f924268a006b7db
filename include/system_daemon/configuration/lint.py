"""Warnings: what loads, but perhaps does not do what its writer thinks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from system_daemon.configuration.clock_changes import skipped_or_repeated
from system_daemon.configuration.problems import shown
from system_daemon.configuration.services import DEFAULT_INTERVAL_S, DEFAULT_TIMEOUT_S, Service
from system_daemon.configuration.settings import Settings

SHORTEST_SENSIBLE_INTERVAL_S = 5
"""Airflow itself needs a second or two from one run to the next."""


def warnings_about(
    service: Service, written: Mapping[str, object], settings: Settings
) -> Iterator[tuple[str, str]]:
    """Pairs of JSON path below the entry and sentence; ``written`` is the entry as it stands."""
    if "timeout" not in written:
        yield ".timeout", f"expected a timeout in seconds, got none; {DEFAULT_TIMEOUT_S} is used"
    host = (urlsplit(service.endpoint).hostname or "").rstrip(".")
    if settings.allowed_hosts and host not in {name.lower() for name in settings.allowed_hosts}:
        yield (
            ".endpoint",
            f"expected one of the allowed_hosts in settings.json, got {shown(host)}; until it is"
            " added there, every call ends in error without being sent",
        )
    match service.execution_plan.period:
        case "daily":
            yield from _about_daily(service, settings)
        case "interval":
            yield from _about_interval(service)


def _about_daily(service: Service, settings: Settings) -> Iterator[tuple[str, str]]:
    plan = service.execution_plan
    if "intervals" in plan.model_fields_set:
        yield (
            ".execution_plan.intervals",
            'expected intervals only with "period": "interval", got them in a daily plan, where'
            " they have no effect",
        )
    if plan.timezone is None:
        yield (
            ".execution_plan.timezone",
            f"expected a time zone, got none; {settings.system_timezone} is used (system_timezone)",
        )
    time = service.daily_time()
    if odd := skipped_or_repeated(time, ZoneInfo(service.zone_name(settings))):
        yield (
            ".execution_plan.time",
            f"expected a time that every day has once, got {time:%H:%M}, which {odd} when the"
            f" clocks change in {service.zone_name(settings)}; it runs once that day all the same",
        )


def _about_interval(service: Service) -> Iterator[tuple[str, str]]:
    plan = service.execution_plan
    for key in ("timezone", "time"):
        if getattr(plan, key) is not None:
            yield (
                f".execution_plan.{key}",
                f'expected {key} only with "period": "daily", got it in an interval plan, where it'
                " has no effect",
            )
    intervals = plan.intervals
    for key in type(intervals).model_fields:
        where = f".execution_plan.intervals.{key}"
        if key not in intervals.model_fields_set:
            yield where, f"expected seconds, got nothing; {DEFAULT_INTERVAL_S} is used"
        elif (seconds := getattr(intervals, key)) < SHORTEST_SENSIBLE_INTERVAL_S:
            yield (
                where,
                f"expected {SHORTEST_SENSIBLE_INTERVAL_S} seconds or more, got {seconds:g}; Airflow"
                " itself takes a second or two between runs",
            )
