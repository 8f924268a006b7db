"""``wait_for_jobs``: looks at a queue from the triggerer until somebody is needed; never pops."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk import BaseSensorOperator
from airflow.sdk.exceptions import AirflowFailException
from airflow.triggers.base import BaseTrigger, StartTriggerArgs, TaskSuccessEvent

from system_daemon.airflow_stats import in_triggerer
from system_daemon.configuration.loading import load
from system_daemon.connections import ConnectionUnusableError, redis_url
from system_daemon.jobs.claimed import Look
from system_daemon.jobs.queue import JobQueue
from system_daemon.jobs.reporting import EVERY_S, report
from system_daemon.jobs.worker_record import new_consumer
from system_daemon.redis_client import UNREACHABLE, connect, unreachable

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context

_LONGEST_PAUSE_S = 30.0
"""Between two looks while Redis does not answer."""
_PAUSE_S = 1.0
LONGEST_LOOK_S = 24 * 3600.0
"""Then a new run looks: rows that are a month old may be cleaned out of Airflow's database."""


class UnservableError(Exception):
    """The queue cannot be looked at now; the sentence says why."""


@asynccontextmanager
async def job_queue(name: str) -> AsyncIterator[JobQueue]:
    """The queue of that name as the configuration has it now.

    Raises:
        UnservableError: it is not configured, or its connection does not fit.
    """
    jobs = load().jobs
    queue = jobs.queue(name)
    if queue is None:
        raise UnservableError(
            f'expected a queue "{name}" in background_jobs.json, got none; the jobs wait in Redis'
        )
    try:
        redis = connect(await redis_url(jobs.redis_connection), decode_responses=False)
    except ConnectionUnusableError as error:
        raise UnservableError(str(error)) from error
    try:
        yield JobQueue(
            redis,
            namespace=jobs.namespace,
            queue=name,
            consumer=new_consumer(),
            max_interruptions=queue.max_interruptions,
            concurrency=queue.concurrency,
        )
    except UNREACHABLE as error:
        raise UnservableError(unreachable(redis, error)) from error
    finally:
        await redis.aclose()


async def look(name: str) -> Look:
    """What waits in the queue. Raises UnservableError."""
    async with job_queue(name) as queue:
        return await queue.look()


def needs_work(seen: Look) -> bool:
    """Whether a worker has something to do: jobs wait, or a dead consumer left some."""
    return not seen.paused and bool(seen.depth or seen.orphans or seen.dead)


class JobsTrigger(BaseTrigger):  # type: ignore[misc]
    """Ends the task when the queue needs a worker.

    Args:
        queue: the queue's name in Resque.
    """

    def __init__(self, *, queue: str) -> None:
        super().__init__()
        self.queue = queue
        self._ends_at = math.inf

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class path and arguments, for Airflow's database."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {"queue": self.queue}

    async def run(self) -> AsyncIterator[TaskSuccessEvent]:
        """The one event that ends the task."""
        seen = await self._seen()
        self.log.info("%d jobs wait, %d of dead consumers", seen.depth, seen.orphans)
        yield TaskSuccessEvent(xcoms={"depth": seen.depth, "orphans": seen.orphans})

    async def _seen(self) -> Look:
        """Look until there is work; whatever breaks is said once and tried again."""
        pause, trouble = _PAUSE_S, ""
        self._ends_at = asyncio.get_running_loop().time() + LONGEST_LOOK_S
        while True:
            try:
                async with job_queue(self.queue) as queue:
                    seen = await self._until_needed(queue, trouble)
                if seen is not None:
                    return seen
                trouble, pause = "", _PAUSE_S
                continue
            except Exception as error:
                known = isinstance(error, UnservableError)
                said = str(error) if known else f"unexpected {type(error).__name__}"
            if said != trouble:
                trouble, pause = said, _PAUSE_S
                self.log.warning("the queue %s cannot be looked at: %s", self.queue, said)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    async def _until_needed(self, queue: JobQueue, trouble: str) -> Look | None:
        """None when the configuration was edited: the queue may be elsewhere now."""
        opened = load()
        seen = await queue.look()
        if trouble:
            self.log.info("the queue %s can be looked at again", self.queue)
        tell_at = 0.0
        while True:
            now = asyncio.get_running_loop().time()
            if now >= tell_at or needs_work(seen):
                tell_at = now + EVERY_S
                await report(in_triggerer(), queue)
            if needs_work(seen) or now >= self._ends_at:
                return seen
            configured = opened.jobs.queue(self.queue)
            if configured is None:
                raise UnservableError(f'the queue "{self.queue}" is not configured any more')
            await asyncio.sleep(configured.poll_interval)
            if load() is not opened:
                return None
            seen = await queue.look()


class WaitForJobs(BaseSensorOperator):  # type: ignore[misc]
    """The sensor of a queue; it starts and ends in the triggerer.

    Args:
        queue_name: in Resque; an operator's ``queue`` is Celery's.
    """

    start_from_trigger = True

    def __init__(self, *, queue_name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.queue_name = queue_name
        self.start_trigger_args = StartTriggerArgs(
            trigger_cls=f"{JobsTrigger.__module__}.{JobsTrigger.__qualname__}",
            trigger_kwargs={"queue": queue_name},
            next_method="never_resumed",
        )

    def poke(self, context: Context) -> bool:  # noqa: ARG002 - Airflow's signature
        """One look, where a sensor is made to run in a process, as ``dag.test()`` does."""
        return needs_work(asyncio.run(look(self.queue_name)))

    def never_resumed(self, *_: Any, **__: Any) -> NoReturn:
        """Airflow wants a method to resume at; a look that ends in the triggerer has none."""
        raise AirflowFailException("expected the look to end in the triggerer, got a resumption")
