"""Says, in the log of the run that did start, which due times before it were missed (R45)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from system_daemon.schedule.daily import Daily
from system_daemon.schedule.words import duration
from system_daemon.services.log_lines import Log

LATE = timedelta(minutes=1)
"""From when on a late start is worth a line."""
LOOK_BACK = 31
"""How many due times back a run is looked for; without one the service counts as new."""

CountRuns = Callable[[datetime], int]
"""How many runs Airflow has with that logical date."""


def say_what_was_missed(plan: Daily, due: datetime, count_runs: CountRuns, log: Log) -> None:
    """Compare the due times before ``due``, aware, with the runs that Airflow knows.

    Never raises: what cannot be found out keeps no service from being called.
    """
    late = datetime.now(UTC) - due
    if late >= LATE:
        log.warning(
            "this run starts %s late: Airflow was down, the DAG was paused or another run was"
            " before it",
            duration(late // LATE * LATE.total_seconds()),
        )
    try:
        missed = _missed(plan, due, count_runs)
    except Exception as error:
        log.warning("could not find out which runs were missed (%s)", type(error).__name__)
        return
    if missed:
        log.warning(
            "%d due time%s before this one did not take place, the first at %s: missed by more than"
            " missed_run_grace (Airflow was down or the DAG was paused)",
            len(missed),
            "" if len(missed) == 1 else "s",
            missed[-1].astimezone(plan.zone).isoformat(timespec="seconds"),
        )


def _missed(plan: Daily, due: datetime, count_runs: CountRuns) -> list[datetime]:
    """The due times since the last one that had a run, the latest first."""
    missed: list[datetime] = []
    for _ in range(LOOK_BACK):
        due = plan.latest_until(due - timedelta(microseconds=1))
        if count_runs(due):
            return missed
        missed.append(due)
    return []
