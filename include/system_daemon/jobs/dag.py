"""A queue as a DAG: a sensor, then workers; and the DAG of promoted jobs."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param

from system_daemon.alerts import callbacks
from system_daemon.configuration.background_jobs import BackgroundJobs, Queue
from system_daemon.configuration.settings import Settings
from system_daemon.jobs.promoted_operator import RunJob
from system_daemon.jobs.promoted_run import PROMOTED_DAG
from system_daemon.jobs.sensor import WaitForJobs
from system_daemon.jobs.words import PROMOTED, queue_documentation
from system_daemon.jobs.work_operator import Work
from system_daemon.schedule.after_run import AfterRun
from system_daemon.schedule.timetables import AfterRunTimetable

OWNER = "system-daemon"
TAG = "background-jobs"
_AT_ONCE = AfterRun(on_success=0, on_idle=0, on_error=5, on_timeout=5)
"""The next look begins when a shift ends; after a failure with a pause."""
_WORK_RETRIES, _WORK_RETRY = 3, timedelta(seconds=10)
_RETRIES = 6
_FIRST_RETRY, _LONGEST_RETRY = timedelta(seconds=30), timedelta(minutes=30)


def queue_dag(queue: Queue, jobs: BackgroundJobs, settings: Settings) -> DAG:
    """The DAG ``jobs__<queue>`` (R11)."""
    with DAG(
        dag_id=queue.dag_id,
        dag_display_name=f"jobs: {queue.name}",
        description=f"Runs the background jobs of the queue {queue.name}",
        doc_md=queue_documentation(queue, jobs),
        schedule=AfterRunTimetable(_AT_ONCE),
        start_date=None,
        catchup=False,
        max_active_runs=1,
        max_consecutive_failed_dag_runs=0,
        tags=[OWNER, TAG],
        default_args={"owner": OWNER, "retries": 0},
        **callbacks(settings),
    ) as dag:
        wait = WaitForJobs(task_id="wait_for_jobs", queue_name=queue.name)
        # A single worker that broke is replaced by the next run; one of many by its own retry,
        # because the run goes on until the last of the others ends.
        work = Work.partial(
            task_id="work",
            queue_name=queue.name,
            retries=_WORK_RETRIES if queue.workers > 1 else 0,
            retry_delay=_WORK_RETRY,
        ).expand(worker=list(range(queue.workers)))
        wait >> work
    return dag


def promoted_dag(settings: Settings) -> DAG:
    """The DAG ``background_job``: one run per promoted job."""
    with DAG(
        dag_id=PROMOTED_DAG,
        description="One run per background job that needs attention, a retry or a run of its own",
        doc_md=PROMOTED,
        schedule=None,
        catchup=False,
        max_active_runs=16,
        tags=[OWNER, TAG],
        params={
            "id": Param(type="string", minLength=1, title="Job", description="The job's id"),
            "queue": Param(
                "",
                type="string",
                title="Queue",
                description="The queue it came from; may be left out",
            ),
            "class": Param("", type="string", title="Class", description="Shown only"),
        },
        default_args={"owner": OWNER},
        **callbacks(settings, each_run=True),
    ) as dag:
        RunJob(
            task_id="run_job",
            retries=_RETRIES,
            retry_delay=_FIRST_RETRY,
            retry_exponential_backoff=True,
            max_retry_delay=_LONGEST_RETRY,
        )
    return dag
