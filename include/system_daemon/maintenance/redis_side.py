"""What a run keeps in Redis and puts there; a Redis that is away is said, and stops no run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from redis.asyncio import Redis

from system_daemon.connections import ConnectionUnusableError, redis_url
from system_daemon.jobs.keys import Keys, with_colon
from system_daemon.maintenance.history import RunHistory
from system_daemon.maintenance.waking import LONG, wake_sender
from system_daemon.redis_client import UNREACHABLE, connect, unreachable

_Reply = TypeVar("_Reply")


class RedisSide:
    """One run's Redis: opened when it is needed, closed at once."""

    def __init__(self, task: str, log: Any) -> None:
        self._task = task
        self._log = log
        self._long_said = False

    def history(self, conn_id: str) -> list[int] | None:
        """Rows that the last runs touched; None where Redis is away."""
        return self._asked(
            conn_id,
            lambda redis: RunHistory(redis, self._task).rows(),
            otherwise="the brake knows no earlier runs; only its max_rows counts",
        )

    def remember(self, conn_id: str, rows: int) -> None:
        """Add this run to the earlier ones."""
        self._asked(
            conn_id,
            lambda redis: RunHistory(redis, self._task).remember(rows),
            otherwise="the brake will not know of this run",
        )

    def wake_sender(
        self, conn_id: str, *, namespace: str, queue: str, notifications: Sequence[int]
    ) -> None:
        """Put a job into the queue for each notification, unless it is long."""
        left = self._asked(
            conn_id,
            lambda redis: wake_sender(
                redis, Keys(with_colon(namespace)), queue=queue, notifications=notifications
            ),
            otherwise=(
                f"{len(notifications):,} notifications wait for a later run of"
                " DELAYED_NOTIFICATIONS, which puts their jobs into the queue"
            ),
        )
        if left and not self._long_said:
            self._long_said = True
            self._log.warning(
                'expected fewer than %s jobs to wait in the queue "%s", got as many or more: see'
                " that somebody serves it; notifications without a job wait for a later run of"
                " DELAYED_NOTIFICATIONS",
                f"{LONG:,}",
                queue,
            )

    def _asked(
        self, conn_id: str, ask: Callable[[Redis], Awaitable[_Reply]], *, otherwise: str
    ) -> _Reply | None:
        return asyncio.run(self._ask(conn_id, ask, otherwise))

    async def _ask(
        self, conn_id: str, ask: Callable[[Redis], Awaitable[_Reply]], otherwise: str
    ) -> _Reply | None:
        try:
            redis = connect(await redis_url(conn_id))
        except ConnectionUnusableError as error:
            self._log.warning("%s; %s", error, otherwise)
            return None
        try:
            return await ask(redis)
        except UNREACHABLE as error:
            self._log.warning("%s; %s", unreachable(redis, error), otherwise)
            return None
        finally:
            await redis.aclose()
