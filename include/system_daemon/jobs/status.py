"""The status of a job, which its producer may ask for and read."""

from __future__ import annotations

import json
from enum import IntEnum
from typing import cast

from redis.asyncio import Redis

from system_daemon.jobs.keys import Keys


class Code(IntEnum):
    """Resque's codes; 3 and 4 are kept for a day after the job's end."""

    WAITING = 1
    RUNNING = 2
    FAILED = 3
    COMPLETE = 4


def waiting(now: float) -> bytes:
    """The status that a producer sets, as php-resque writes it."""
    seconds = int(now)
    return b'{"status":1,"updated":%d,"started":%d}' % (seconds, seconds)


async def status_of(
    redis: Redis, keys: Keys, job_id: str, prefix: str | None = None
) -> Code | None:
    """A job's status; None when its producer did not ask for one, or a day after its end."""
    packet = cast("bytes | None", await redis.get(keys.status(job_id, prefix)))
    if packet is None:
        return None
    try:
        return Code(json.loads(packet)["status"])
    except (ValueError, KeyError, TypeError):
        return None
