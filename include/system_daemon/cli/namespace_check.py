"""What `check` asks of the Redis of the queues, where it can be reached."""

from __future__ import annotations

import asyncio
import os

from system_daemon import redis_client
from system_daemon.configuration.background_jobs import BackgroundJobs
from system_daemon.configuration.loading import JOBS_FILE
from system_daemon.configuration.problems import Problem
from system_daemon.jobs.namespaces import misplaced

_PATIENCE_S = 2.0


def namespace_problems(jobs: BackgroundJobs) -> tuple[Problem, ...]:
    """A namespace that nobody uses; nothing where no Redis is named, or it does not answer.

    The Redis is that of the environment, where Airflow finds the connection too:
    ``AIRFLOW_CONN_<ID>`` as a URL.
    """
    url = os.environ.get(f"AIRFLOW_CONN_{jobs.redis_connection.upper()}", "")
    if not jobs.queues or not url.startswith(("redis://", "rediss://", "unix://")):
        return ()
    try:
        return asyncio.run(_ask(url, jobs.namespace))
    except (*redis_client.UNREACHABLE, ValueError):  # ValueError: redis-py cannot read the URL
        return ()


async def _ask(url: str, namespace: str) -> tuple[Problem, ...]:
    client = redis_client.connect(url, timeout=_PATIENCE_S, decode_responses=False)
    try:
        found = await misplaced(client, namespace, file=JOBS_FILE)
        return () if found is None else (found,)
    finally:
        await client.aclose()
