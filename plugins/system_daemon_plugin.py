"""Registers the package's timetables with Airflow, where the wheel has not done so already."""

from system_daemon.plugin import is_installed

if not is_installed():
    from system_daemon.plugin import SystemDaemonPlugin  # noqa: F401 - Airflow looks for it here
