"""Warnings about maintenance tasks: what loads, but perhaps does not do what its writer thinks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import time
from zoneinfo import ZoneInfo

from system_daemon.configuration.catalogue import CatalogueTask, catalogued
from system_daemon.configuration.clock_changes import skipped_or_repeated
from system_daemon.configuration.lint import SHORTEST_SENSIBLE_INTERVAL_S
from system_daemon.configuration.maintenance import TaskEntry
from system_daemon.configuration.maintenance_tasks import MaintenanceTask
from system_daemon.configuration.settings import Settings

_TRANSPOSED = ("EXPIRED_ADMISSIONS", time(0, 1))
"""The original's documentation says 01:00 in its table and 00:01 in its example (R18)."""


def about_task(task: MaintenanceTask, entry: TaskEntry) -> Iterator[tuple[str, str]]:
    """Pairs of JSON path below the entry and sentence."""
    known = catalogued(task.name)
    if task.frequency is None and task.daily_time is None:
        if known is None or not known.on_demand:
            yield (
                "",
                'expected "frequency" or "time", got neither; the task runs only when somebody'
                " starts it",
            )
    elif task.daily_time is not None:
        yield from _about_daily(task, task.daily_time)
    elif task.frequency is not None and task.frequency < SHORTEST_SENSIBLE_INTERVAL_S:
        yield (
            ".frequency",
            f"expected {SHORTEST_SENSIBLE_INTERVAL_S} seconds or more, got {task.frequency:g};"
            " Airflow itself takes a second or two between runs",
        )
    if entry.brake is not None and task.brake is None:
        yield ".brake", 'expected a brake only with "destructive": true, got one without effect'


def about_hidden(known: CatalogueTask, settings: Settings) -> str:
    """About an entry for a task that the platform's version does not have."""
    since = ".".join(map(str, known.since))
    return (
        f'expected a task that the "api_version" of settings.json has, {settings.api_version}, got'
        f" {known.name}, which there is since {since}; the entry has no effect"
    )


def _about_daily(task: MaintenanceTask, at: time) -> Iterator[tuple[str, str]]:
    if (task.name, at) == _TRANSPOSED:
        yield (
            ".time",
            "expected 01:00, the default, got 00:01, which the original's example has; one of the"
            " two is probably a transposition; it runs at 00:01",
        )
    if odd := skipped_or_repeated(at, ZoneInfo(task.timezone)):
        yield (
            ".time",
            f"expected a time that every day has once, got {at:%H:%M}, which {odd} when the clocks"
            f" change in {task.timezone}; it runs once that day all the same",
        )


def about_zone(unzoned: Sequence[str], settings: Settings) -> Iterator[tuple[str, str]]:
    """About the daily tasks that name no zone of their own."""
    if unzoned and "system_timezone" not in settings.model_fields_set:
        yield (
            ".tasks",
            f'expected "system_timezone" in settings.json for {" and ".join(unzoned)}, got none;'
            f" {settings.system_timezone} is used, where the original daemon used PHP's"
            " date.timezone",
        )
