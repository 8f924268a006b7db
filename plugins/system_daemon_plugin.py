"""Registers the package's timetables with Airflow."""

from typing import ClassVar

from airflow.plugins_manager import AirflowPlugin

from system_daemon.schedule.timetables import AfterRunTimetable, DailyTimetable


class SystemDaemonPlugin(AirflowPlugin):
    """Timetables must be known to every component that reads a DAG."""

    name = "system_daemon"
    timetables: ClassVar = [AfterRunTimetable, DailyTimetable]
