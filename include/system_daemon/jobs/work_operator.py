"""The tasks of the jobs' DAGs that need a process: ``work``, and ``run_job`` for a promoted job."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, assert_never

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException
from redis.asyncio import Redis

from system_daemon.airflow_stats import in_worker
from system_daemon.configuration.background_jobs import Route
from system_daemon.configuration.loading import Configuration, folder, load
from system_daemon.connections import redis_url
from system_daemon.jobs import fast_loop, stopping_worker
from system_daemon.jobs.abandoned import SENTENCE, bury_abandoned
from system_daemon.jobs.airflow_connections import AirflowConnections
from system_daemon.jobs.airflow_runs import is_paused, keep_run, start_run, under_way
from system_daemon.jobs.consumer import work
from system_daemon.jobs.doors import Doors
from system_daemon.jobs.ending import RouteDownError
from system_daemon.jobs.failed import (
    FailedList,
    NotInFailedError,
    NotRepeatableError,
    WrongQueueError,
)
from system_daemon.jobs.handlers.opening import open_handlers
from system_daemon.jobs.keys import Keys, with_colon
from system_daemon.jobs.payload import Job
from system_daemon.jobs.promoted import PromotedJobs
from system_daemon.jobs.promoted_run import Buried, Ended, Gone, result_of, run_promoted
from system_daemon.jobs.queue import JobQueue
from system_daemon.jobs.reporting import Reporting
from system_daemon.jobs.routes import Routes, dag_params
from system_daemon.jobs.shift import Shift
from system_daemon.jobs.stop import Stop
from system_daemon.jobs.verdict import Done, Failed, told
from system_daemon.jobs.worker_record import new_consumer
from system_daemon.redis_client import connect
from system_daemon.services.log_lines import clean

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context

PROMOTED_DAG = "background_job"
_EDITS_S = 1.0
"""Until then jobs are run by the routes from before an edit."""
_PAUSES_S = 5.0
_STOPS_S = 1.0
GRACE_S = 4.0
"""Airflow kills a task five seconds after it asked it to stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Service:
    """What one task needs to run the jobs of a queue."""

    redis: Redis
    queue: JobQueue
    failed: FailedList
    doors: Doors


@asynccontextmanager
async def _serving(name: str, configuration: Configuration, log: Any) -> AsyncIterator[_Service]:
    jobs = configuration.jobs
    queue = jobs.queue(name)
    url = await redis_url(jobs.redis_connection)
    redis = connect(url, decode_responses=False)
    handlers = open_handlers(
        jobs,
        configuration.settings,
        AirflowConnections(),
        lambda: connect(url),
        templates=folder() / "templates",
        log=log,
        platform=configuration.maintenance.connection,
    )
    try:
        async with handlers as handler:
            yield _Service(
                redis=redis,
                queue=JobQueue(
                    redis,
                    namespace=jobs.namespace,
                    queue=name,
                    consumer=new_consumer(),
                    max_interruptions=queue.max_interruptions if queue else 3,
                    concurrency=queue.concurrency if queue else 1,
                ),
                failed=FailedList(redis, namespace=jobs.namespace),
                doors=Doors(
                    Routes(jobs.routes),
                    handler,
                    _start_routed_dag,
                    edited=lambda: load() is not configuration,
                ),
            )
    finally:
        await redis.aclose()


async def _stop_when_edited(configuration: Configuration, stop: Stop) -> None:
    """A shift keeps the routes it began with: an edit ends it, and the next one has the new."""
    while not stop.asked:
        await asyncio.sleep(_EDITS_S)
        if load() is not configuration:
            stop.hurry.set()


async def _rest_when_paused(dag_id: str, stop: Stop, log: Any) -> None:
    """Who pauses the DAG pauses the queue, however busy it is."""
    while not stop.asked:
        try:
            paused = await is_paused(dag_id)
        except Exception as error:  # Airflow may answer anything; the next time it may answer well
            log.debug("Airflow did not say whether %s is paused (%s)", dag_id, type(error).__name__)
            paused = None
        if paused:
            log.info("%s is paused: the shift ends, and the jobs wait", dag_id)
            stop.rest.set()
        await asyncio.sleep(_PAUSES_S)


async def _rest_when_the_worker_stops(stop: Stop, log: Any) -> None:
    """Celery's worker waits for its tasks: a shift on a busy queue would not end by itself."""
    while not stop.asked:
        if stopping_worker.told():
            log.info("the worker stops: the shift ends, and another worker takes the queue")
            stop.rest.set()
        await asyncio.sleep(_STOPS_S)


async def _bury_abandoned(
    service: _Service, configuration: Configuration, shift: Shift, log: Any
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


async def _start_routed_dag(job: Job, route: Route) -> None:
    await start_run(str(route.dag), job.id, dag_params(route, job))


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
        async with _serving(self.queue_name, configuration, self.log) as service:

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
                asyncio.create_task(_stop_when_edited(configuration, stop)),
                asyncio.create_task(_rest_when_paused(self.dag_id, stop, self.log)),
                asyncio.create_task(_rest_when_the_worker_stops(stop, self.log)),
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


class RunJob(BaseOperator):  # type: ignore[misc]
    """One attempt at a promoted job, or at one of the failed list that a person triggered."""

    def execute(self, context: Context) -> None:
        """Run the job that the run's params name."""
        params, instance = context["params"], context["ti"]
        try:
            ended = asyncio.run(
                self._run(
                    str(params["id"]),
                    str(params["queue"]),
                    attempt=instance.try_number,
                    last=instance.try_number > instance.max_tries,
                )
            )
        except (NotInFailedError, NotRepeatableError, WrongQueueError) as error:
            raise AirflowFailException(str(error)) from None
        match ended:
            case Done():
                self.log.info("the job is done")
            case Gone():
                raise AirflowSkipException(str(ended))
            case Failed():
                raise AirflowException(f"{ended.reason}; it is tried again")
            case Buried():
                raise AirflowFailException(
                    f"{ended.reason}; the job lies in the failed list, clear this task to run it"
                    " again"
                )
            case _:
                assert_never(ended)

    async def _run(self, job_id: str, queue: str, *, attempt: int, last: bool) -> Ended:
        configuration = load()
        queue = queue or await _queue_of(job_id, configuration)
        async with _serving(queue, configuration, self.log) as service:
            ended = await run_promoted(
                service.queue,
                service.failed,
                service.doors,
                job_id,
                attempt=attempt,
                last=last,
                log=self.log,
            )
        result = result_of(ended)
        if result is not None:
            in_worker().jobs_ended(queue, {result: 1})
        return ended


async def _queue_of(job_id: str, configuration: Configuration) -> str:
    """The queue of a promoted or failed job. Raises NotInFailedError."""
    jobs = configuration.jobs
    redis = connect(await redis_url(jobs.redis_connection), decode_responses=False)
    try:
        keys = Keys(with_colon(jobs.namespace))
        for queue in jobs.queues:
            if await PromotedJobs(redis, keys, queue.name).find(job_id) is not None:
                return queue.name
        return (await FailedList(redis, namespace=jobs.namespace).find(job_id)).failure.queue
    finally:
        await redis.aclose()
