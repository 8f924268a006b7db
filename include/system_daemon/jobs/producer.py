"""Puts a job into a queue as php-resque does."""

from __future__ import annotations

import secrets
import time

from redis.asyncio import Redis

from system_daemon.jobs.keys import Keys
from system_daemon.jobs.php_json import php_json
from system_daemon.jobs.status import waiting


def payload(job_class: str, args: object, *, job_id: str, now: float) -> bytes:
    """A payload of php-resque: the job's arguments are the only element of ``args``."""
    fields = {"class": job_class, "args": [args], "id": job_id, "queue_time": round(now, 4)}
    return php_json(fields).encode()


async def enqueue(
    redis: Redis,
    keys: Keys,
    *,
    queue: str,
    job_class: str,
    args: object = None,
    track: bool = False,
) -> str:
    """Put a job at the tail of the queue; its id. Raises redis-py's errors.

    The status, if asked for, is there before the job. After a lost reply the job may be in the
    queue although this raises; repeating it makes a second job.
    """
    job_id, now = secrets.token_hex(16), time.time()
    async with redis.pipeline(transaction=True) as step:
        if track:
            step.set(keys.status(job_id), waiting(now))
        step.sadd(keys.queues, queue)
        step.rpush(keys.queue(queue), payload(job_class, args, job_id=job_id, now=now))
        await step.execute()
    return job_id
