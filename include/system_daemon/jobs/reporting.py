"""What is told to the metrics of a queue: what waits, and what a consumer does."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

from system_daemon.jobs.queue import JobQueue
from system_daemon.jobs.shift import Shift
from system_daemon.metrics import Metrics
from system_daemon.redis_client import UNREACHABLE

EVERY_S = 10.0
_RESULTS = {
    "acked": "done",
    "failed": "failed",
    "promoted": "promoted",
    "buried": "buried",
    "reaped": "reaped",
    "holds": "holds",
}
"""Counts of a shift, and the names of their metrics."""


async def report(metrics: Metrics, queue: JobQueue) -> None:
    """How many jobs wait, and for how long. Raises redis-py's errors."""
    waiting = await queue.waiting()
    metrics.jobs_waiting(queue.queue, depth=waiting.depth, oldest_age_s=waiting.oldest_age_s)


class Reporting:
    """The metrics of one shift: what is new since the last report, and what waits."""

    def __init__(self, metrics: Metrics, queue: JobQueue, shift: Shift) -> None:
        self._metrics = metrics
        self._queue = queue
        self._shift = shift
        self._told: dict[str, int] = {}

    async def run(self) -> None:
        """Report every ten seconds until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            self.count()
            try:
                await report(self._metrics, self._queue)
            except UNREACHABLE:
                continue  # the shift itself says so

    def count(self) -> None:
        """What became of jobs since the last time."""
        now = asdict(self._shift)
        self._metrics.jobs_ended(
            self._queue.queue,
            {name: now[count] - self._told.get(count, 0) for count, name in _RESULTS.items()},
        )
        self._told = now
