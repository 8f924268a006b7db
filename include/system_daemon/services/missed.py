"""Says, in the log of the run that did start, which due times before it were missed (R45)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from system_daemon.schedule.daily import Daily
from system_daemon.schedule.words import duration
from system_daemon.services.log_lines import Log

LATE = timedelta(minutes=1)
"""From when on a late start is worth a line."""


async def say_what_was_missed(plan: Daily, due: datetime, task_instance: Any, log: Log) -> None:
    """Compare the due times before ``due`` with the runs that Airflow knows.

    Args:
        plan: the daily plan.
        due: when this run was due, aware.
        task_instance: Airflow's running task instance, which can count runs.
        log: the run's log.
    """
    late = datetime.now(UTC) - due
    if late >= LATE:
        log.warning(
            "this run starts %s late: Airflow was down, the DAG was paused or other runs were"
            " before it",
            duration(late.total_seconds() // 60 * 60),
        )
    before = plan.latest_until(due - timedelta(microseconds=1))
    last = task_instance.get_previous_ti(logical_date=due)
    if last is None or last.logical_date is None or last.logical_date >= before:
        return
    log.warning(
        "the runs due after %s and before this one did not take place: they were missed by more"
        " than missed_run_grace allows (Airflow was down or the DAG was paused)",
        last.logical_date.astimezone(plan.zone).isoformat(timespec="seconds"),
    )
