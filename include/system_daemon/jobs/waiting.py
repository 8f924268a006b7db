"""How many jobs wait in a queue, and for how long."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import cast

from redis.asyncio import Redis

from system_daemon.jobs.keys import Keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A queue's jobs that nobody has taken yet."""

    depth: int
    oldest_age_s: float | None
    """Seconds since the first job was pushed; None when its producer did not write that down."""


async def waiting(redis: Redis, keys: Keys, queue: str) -> Waiting:
    """What waits now, without taking anything. Raises redis-py's errors."""
    return Waiting(
        depth=await redis.llen(keys.queue(queue)),
        oldest_age_s=_age(cast("bytes | None", await redis.lindex(keys.queue(queue), 0))),
    )


def _age(payload: bytes | None) -> float | None:
    try:
        pushed = json.loads(payload or b"null")["queue_time"]
        return max(0.0, round(time.time() - float(pushed), 1))
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return None
