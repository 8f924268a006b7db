"""A maintenance task as a DAG: one task, one run at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import assert_never

from airflow.sdk import DAG, Param
from airflow.timetables.base import Timetable

from system_daemon.alerts import callbacks
from system_daemon.configuration.loading import Configuration
from system_daemon.configuration.maintenance_tasks import MaintenanceTask
from system_daemon.maintenance.operator import RunSweep
from system_daemon.maintenance.params import DIGITS, LARGEST_VERSION, MOMENT, ROWS_OF_A_BATCH
from system_daemon.maintenance.plan import schedule
from system_daemon.maintenance.words import documentation
from system_daemon.schedule.daily import Daily
from system_daemon.schedule.every import Every
from system_daemon.schedule.timetables import DailyTimetable, EveryTimetable

OWNER = "system-daemon"
TAG = "maintenance"
TASK_ID = "sweep"
_RETRIES = 2
_RETRY_DELAY = timedelta(seconds=30)


def maintenance_dag(task: MaintenanceTask, configuration: Configuration) -> DAG:
    """The DAG ``maintenance__<task>`` (R6, R21): it never pauses itself, however often it fails."""
    with DAG(
        dag_id=task.dag_id,
        dag_display_name=f"maintenance: {task.name}",
        description=task.description or None,
        doc_md=documentation(task, configuration.maintenance),
        schedule=_timetable(task),
        start_date=None,
        catchup=False,
        max_active_runs=1,
        max_consecutive_failed_dag_runs=0,
        tags=[OWNER, TAG],
        params=_params(task),
        default_args={"owner": OWNER},
        **callbacks(configuration.settings),
    ) as dag:
        RunSweep(
            task_id=TASK_ID,
            maintenance_task=task.name,
            pool=configuration.maintenance.pool,
            retries=_RETRIES,
            retry_delay=_RETRY_DELAY,
            # Airflow counts the runs of a backfill apart from max_active_runs.
            max_active_tis_per_dag=1,
        )
    return dag


def _timetable(task: MaintenanceTask) -> Timetable | None:
    match schedule(task):
        case Daily() as daily:
            return DailyTimetable(daily, grace=timedelta(seconds=task.missed_run_grace))
        case Every() as every:
            return EveryTimetable(every)
        case None:
            return None
        case never:
            assert_never(never)


def _params(task: MaintenanceTask) -> dict[str, Param]:
    """The fields of the trigger form."""
    form = {
        "dry_run": Param(
            default=False, type="boolean", title="Dry run", description="Count, and change nothing"
        ),
        "as_of": Param(
            None,
            type=["null", "string"],
            format="date-time",
            pattern=MOMENT,
            title="As of",
            description="The moment as of which the run acts; empty: now, by the database's clock",
        ),
        "batch_size": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            maximum=ROWS_OF_A_BATCH,
            title="Batch size",
            description=f"Rows of one transaction; empty: {task.batch_size:,}",
        ),
    }
    if task.brake is not None:
        form["allow_more"] = Param(
            default=False,
            type="boolean",
            title="Allow more",
            description="Let a run pass that touches more rows than the brake allows",
        )
    own = {
        "subscription": Param(
            type=["integer", "string"],
            minimum=1,
            pattern=DIGITS,
            title="Subscription",
            description="The subscription whose admissions are updated",
        ),
        "from_version": _version(
            "From version", "Only admissions of this program version or a newer one"
        ),
        "to_version": _version(
            "To version", "The program version that they get; empty: the newest"
        ),
    }
    return {**{name: own[name] for name in task.asks}, **form}


def _version(title: str, description: str) -> Param:
    # The form asks for the first type; a job may bring the other one.
    return Param(
        None,
        type=["null", "integer", "string"],
        minimum=1,
        maximum=LARGEST_VERSION,
        pattern=DIGITS,
        title=title,
        description=description,
    )
