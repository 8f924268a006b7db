"""The package as an Airflow plugin: the entry point of the wheel, and what `plugins/` offers."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import ClassVar

from airflow.plugins_manager import AirflowPlugin

from system_daemon.schedule.timetables import AfterRunTimetable, DailyTimetable, EveryTimetable


class SystemDaemonPlugin(AirflowPlugin):  # type: ignore[misc]
    """Timetables must be known to every component that reads a DAG."""

    name = "system_daemon"
    timetables: ClassVar = [AfterRunTimetable, DailyTimetable, EveryTimetable]


def is_installed() -> bool:
    """Whether Airflow finds the plugin by an entry point, as it does where the wheel is installed.

    A second registration would be harmless, but Airflow shows it as an import error.
    """
    return any(
        entry.value.startswith(f"{__name__}:") for entry in entry_points(group="airflow.plugins")
    )
