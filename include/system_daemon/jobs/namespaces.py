"""Under which namespaces a Redis holds Resque queues: a wrong one is served in vain, silently."""

from __future__ import annotations

import asyncio
from typing import cast

from redis.asyncio import Redis

from system_daemon.configuration.problems import Problem, Severity, shown
from system_daemon.jobs.keys import Keys, with_colon

_LONGEST_S = 5.0
"""So long a Redis with millions of keys is searched."""
_NAMED = 3


async def misplaced(redis: Redis, namespace: str, *, file: str) -> Problem | None:
    """A warning where the namespace has no queues and another one has. Raises redis-py's errors.

    Args:
        redis: a client that does not decode replies.
        namespace: the configured one.
        file: where it is configured.
    """
    if await redis.exists(Keys(with_colon(namespace)).queues):
        return None
    others = await namespaces(redis)
    if not others:
        return None
    names = ", ".join(shown(each) for each in others[:_NAMED])
    return Problem(
        severity=Severity.WARNING,
        file=file,
        where=".namespace",
        message=(
            f"expected the namespace into which the platform puts its jobs, got {shown(namespace)},"
            f' under which Redis has no "queues"; it has them under {names}'
        ),
    )


async def namespaces(redis: Redis) -> list[str]:
    """The namespaces with a set of queues, without their colons; those found in a few seconds."""
    found: set[str] = set()
    try:
        async with asyncio.timeout(_LONGEST_S):
            async for key in redis.scan_iter("*:queues", count=1000):
                if await redis.type(key) == b"set":
                    found.add(cast("bytes", key).decode(errors="replace").removesuffix(":queues"))
    except TimeoutError:
        pass
    return sorted(found)
