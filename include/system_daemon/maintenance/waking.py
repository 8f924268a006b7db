"""Jobs that wake the sender of notifications, put into Redis as the platform's API does.

The notification's row is the truth: a job that is lost is put there again by a later run, and one
that comes twice finds the row taken.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from redis.asyncio import Redis

from system_daemon.jobs.keys import Keys
from system_daemon.jobs.producer import payload

JOB_CLASS = "SendNotification"
_AT_ONCE = 1_000
LONG = 10_000
"""Jobs that wait in a queue to which nothing is added: while nothing can be sent, every run finds
the same rows again, and their jobs would pile up."""


async def wake_sender(redis: Redis, keys: Keys, *, queue: str, notifications: Sequence[int]) -> int:
    """Put one job for each notification at the tail of the queue. Raises redis-py's errors.

    Into a long queue none is put: a later run does it, when the queue has become shorter. Returns
    for how many notifications none was put.
    """
    for first in range(0, len(notifications), _AT_ONCE):
        if await redis.llen(keys.queue(queue)) >= LONG:
            return len(notifications) - first
        now = time.time()
        jobs = [
            payload(JOB_CLASS, {"notification": each}, job_id=f"notification-{each}", now=now)
            for each in notifications[first : first + _AT_ONCE]
        ]
        async with redis.pipeline(transaction=True) as step:
            step.sadd(keys.queues, queue)
            step.rpush(keys.queue(queue), *jobs)
            await step.execute()
    return 0
