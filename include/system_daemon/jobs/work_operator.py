"""The task ``work`` of a queue's DAG: one consumer."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from system_daemon.airflow_stats import in_worker
from system_daemon.configuration.loading import Configuration, load
from system_daemon.jobs import fast_loop
from system_daemon.jobs.abandoned import SENTENCE, bury_abandoned
from system_daemon.jobs.airflow_runs import keep_run, start_run, under_way
from system_daemon.jobs.consumer import work
from system_daemon.jobs.ending import RouteDownError
from system_daemon.jobs.interruptions import (
    rest_when_paused,
    rest_when_the_worker_stops,
    stop_when_edited,
)
from system_daemon.jobs.payload import Job
from system_daemon.jobs.promoted_run import PROMOTED_DAG
from system_daemon.jobs.reporting import Reporting
from system_daemon.jobs.serving import Service, serving
from system_daemon.jobs.shift import Shift
from system_daemon.jobs.stop import Stop
from system_daemon.jobs.verdict import told
from system_daemon.services.log_lines import clean

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context

GRACE_S = 4.0
"""Airflow kills a task five seconds after it asked it to stop."""


async def _bury_abandoned(
    service: Service, configuration: Configuration, shift: Shift, log: Any
) -> None:
    """Bury promoted jobs without a run; if that fails, the next shift tries again."""
    jobs = configuration.jobs
    try:
        buried = await bury_abandoned(
            service.redis,
            [queue.name for queue in jobs.queues],
            namespace=jobs.namespace,
            worker=service.queue.worker,
            under_way=lambda ids: under_way(PROMOTED_DAG, ids),
        )
    except Exception as error:  # Airflow may answer anything
        log.warning("promoted jobs without a run were not looked for: %s", told(error))
        return
    for job_id in buried:
        log.warning("job %s was buried: %s", clean(job_id, 100), SENTENCE)
    shift.buried += len(buried)


class Work(BaseOperator):  # type: ignore[misc]
    """One consumer of a queue: a process that runs jobs until none is left.

    Args:
        queue_name: in Resque. An operator's ``queue`` is Celery's: only workers that listen to it
            would get the task.
        worker: which of the queue's processes this is, from 0.
    """

    def __init__(self, *, queue_name: str, worker: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.queue_name = queue_name
        self.worker = worker

    def execute(self, context: Context) -> dict[str, int]:  # noqa: ARG002 - Airflow's signature
        """Serve the queue; the counts of the shift are the task's result."""
        return fast_loop.run(self._serve())

    async def _serve(self) -> dict[str, int]:
        configuration = load()
        queue = configuration.jobs.queue(self.queue_name)
        if queue is None:
            raise AirflowSkipException(
                f'expected a queue "{self.queue_name}" in background_jobs.json, got none; the jobs'
                " wait"
            )
        stop = Stop(grace=GRACE_S)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.hurry.set)
        async with serving(self.queue_name, configuration, self.log) as service:

            async def promote(job: Job) -> None:
                conf = {"id": job.id, "class": job.job_class, "queue": job.queue}
                await start_run(PROMOTED_DAG, job.id, conf, again=True)
                moved = await service.queue.promote(job)
                # A run that somebody marked or deleted in between looks for no payload any more.
                if moved and await keep_run(PROMOTED_DAG, job.id, conf):
                    self.log.info("the run of job %s was started again", clean(job.id, 100))

            shift = Shift()
            reporting = Reporting(in_worker(), service.queue, shift)
            beside = [
                asyncio.create_task(stop_when_edited(configuration, stop)),
                asyncio.create_task(rest_when_paused(self.dag_id, stop, self.log)),
                asyncio.create_task(rest_when_the_worker_stops(stop, self.log)),
                asyncio.create_task(reporting.run()),
            ]
            if self.worker == 0:
                looking = _bury_abandoned(service, configuration, shift, self.log)
                beside.append(asyncio.create_task(looking))
            try:
                await work(
                    service.queue,
                    queue,
                    service.doors,
                    promote,
                    stop=stop,
                    log=self.log,
                    shift=shift,
                )
            except RouteDownError as error:
                # Another try of this task would only say it later.
                raise AirflowFailException(str(error)) from None
            finally:
                for task in beside:
                    task.cancel()
                reporting.count()
        self.log.info("shift of %s ended: %s", self.queue_name, shift)
        return asdict(shift)
