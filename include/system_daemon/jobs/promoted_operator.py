"""The task ``run_job`` of the DAG ``background_job``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, assert_never

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from system_daemon.airflow_stats import in_worker
from system_daemon.configuration.loading import Configuration, load
from system_daemon.connections import redis_url
from system_daemon.jobs.failed import (
    FailedList,
    NotInFailedError,
    NotRepeatableError,
    WrongQueueError,
)
from system_daemon.jobs.keys import Keys, with_colon
from system_daemon.jobs.promoted import PromotedJobs
from system_daemon.jobs.promoted_run import Buried, Ended, Gone, result_of, run_promoted
from system_daemon.jobs.serving import serving
from system_daemon.jobs.verdict import Done, Failed
from system_daemon.redis_client import connect

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context


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
        async with serving(queue, configuration, self.log) as service:
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
