"""What a task needs to run the jobs of a queue, by the configuration and Airflow's connections."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from system_daemon.configuration.background_jobs import Route
from system_daemon.configuration.loading import Configuration, folder, load
from system_daemon.connections import redis_url
from system_daemon.jobs.airflow_connections import AirflowConnections
from system_daemon.jobs.airflow_runs import start_run
from system_daemon.jobs.doors import Doors
from system_daemon.jobs.failed import FailedList
from system_daemon.jobs.handlers.opening import open_handlers
from system_daemon.jobs.payload import Job
from system_daemon.jobs.queue import JobQueue
from system_daemon.jobs.routes import Routes, dag_params
from system_daemon.jobs.worker_record import new_consumer
from system_daemon.redis_client import connect


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What one task needs to run the jobs of a queue."""

    redis: Redis
    queue: JobQueue
    failed: FailedList
    doors: Doors


@asynccontextmanager
async def serving(name: str, configuration: Configuration, log: Any) -> AsyncIterator[Service]:
    """The queue of that name, its failed list and its routes, for as long as the block lasts."""
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
            yield Service(
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


async def _start_routed_dag(job: Job, route: Route) -> None:
    await start_run(str(route.dag), job.id, dag_params(route, job))
