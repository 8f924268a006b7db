"""A configured service as a DAG: one task, one run at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import assert_never

from airflow.sdk import DAG
from airflow.timetables.base import Timetable

from system_daemon.alerts import callbacks
from system_daemon.configuration.services import Service
from system_daemon.configuration.settings import Settings
from system_daemon.schedule.after_run import AfterRun
from system_daemon.schedule.daily import Daily
from system_daemon.schedule.task import TASK_ID
from system_daemon.schedule.timetables import AfterRunTimetable, DailyTimetable
from system_daemon.services.operator import CallService
from system_daemon.services.plan import schedule
from system_daemon.services.words import documentation

OWNER = "system-daemon"
TAG = "external-service"


def service_dag(service: Service, settings: Settings) -> DAG:
    """The DAG ``service__<name>`` (R25, R46): it never pauses itself, however often it fails."""
    period = service.execution_plan.period
    with DAG(
        dag_id=service.dag_id,
        dag_display_name=service.name,
        description=service.description or None,
        doc_md=documentation(service, settings),
        schedule=_timetable(service, settings),
        start_date=None,
        catchup=False,
        max_active_runs=1,
        max_consecutive_failed_dag_runs=0,
        tags=[OWNER, TAG, period],
        default_args={"owner": OWNER},
        **callbacks(settings),
    ) as dag:
        retry = settings.daily_retry if period == "daily" else None
        CallService(
            task_id=TASK_ID,
            service=service.name,
            retries=retry.attempts if retry else 0,
            retry_delay=timedelta(seconds=retry.delay if retry else 0),
        )
    return dag


def _timetable(service: Service, settings: Settings) -> Timetable:
    match schedule(service, settings):
        case Daily() as daily:
            return DailyTimetable(daily, grace=timedelta(seconds=service.grace(settings)))
        case AfterRun() as after_run:
            return AfterRunTimetable(after_run)
        case never:
            assert_never(never)
