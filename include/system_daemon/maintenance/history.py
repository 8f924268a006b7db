"""How many rows the last runs of a task touched: what its brake compares a run with."""

from __future__ import annotations

from redis.asyncio import Redis

REMEMBERED = 30
"""Runs whose rows are kept."""


class RunHistory:
    """The last runs of one task, in Redis; lost with it, and learnt anew."""

    def __init__(self, redis: Redis, task: str) -> None:
        self._redis = redis
        self._key = f"system_daemon:maintenance:{task.lower()}:rows"

    async def rows(self) -> list[int]:
        """The rows of each run, the latest first. Raises redis-py's errors."""
        kept = await self._redis.lrange(self._key, 0, REMEMBERED - 1)
        return [int(rows) for rows in kept]

    async def remember(self, rows: int) -> None:
        """Add a run that ended. Raises redis-py's errors."""
        async with self._redis.pipeline(transaction=True) as step:
            step.lpush(self._key, rows)
            step.ltrim(self._key, 0, REMEMBERED - 1)
            await step.execute()
