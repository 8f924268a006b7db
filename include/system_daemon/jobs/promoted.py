"""Jobs that DAG runs work on: they lie under their id until the run has ended."""

from __future__ import annotations

import time
from typing import cast

from redis.asyncio import Redis

from system_daemon.jobs import scripts
from system_daemon.jobs.failure_item import failure_item
from system_daemon.jobs.keys import Keys
from system_daemon.jobs.payload import Job, read


class PromotedJobs:
    """The promoted jobs of one queue. Methods raise redis-py's errors."""

    def __init__(self, redis: Redis, keys: Keys, queue: str) -> None:
        self._redis = redis
        self._keys = keys
        self._queue = queue

    async def find(self, job_id: str) -> Job | None:
        """The job with this id."""
        raw = await self._redis.hget(self._keys.promoted(self._queue), job_id)
        return None if raw is None else read(cast("bytes", raw), queue=self._queue)

    async def ids(self) -> list[str]:
        """The ids of the promoted jobs of the queue."""
        found = cast("list[bytes]", await self._redis.hkeys(self._keys.promoted(self._queue)))
        return sorted(job_id.decode() for job_id in found)

    async def all(self) -> list[Job]:
        """The promoted jobs of the queue."""
        found = cast(
            "dict[bytes, bytes]", await self._redis.hgetall(self._keys.promoted(self._queue))
        )
        return [read(raw, queue=self._queue) for _, raw in sorted(found.items())]

    async def back_to_queue(self, job_id: str) -> bool:
        """Put a job at the tail of its queue, as at its first attempt; False when it is gone."""
        job = await self.find(job_id)
        if job is None:
            return False
        return bool(
            await scripts.RETURN_PROMOTED(
                self._redis,
                [
                    self._keys.promoted(self._queue),
                    self._keys.queue(self._queue),
                    self._keys.queues,
                    self._keys.status(job.id, job.prefix),
                ],
                [job.id, int(time.time()), job.with_id(), self._queue],
            )
        )

    async def finish(self, job_id: str) -> bool:
        """End a job that succeeded; False when it was not there any more."""
        job = await self.find(job_id)
        return job is not None and await self._end(job, b"", time.time())

    async def bury(self, job_id: str, *, exception: str, error: str, worker: str) -> bool:
        """Move a job to the failed list; False when it was not there any more."""
        job, now = await self.find(job_id), time.time()
        if job is None:
            return False
        item = failure_item(
            job.with_id(),
            exception=exception,
            error=error,
            worker=worker,
            queue=self._queue,
            now=now,
        )
        return await self._end(job, item, now)

    async def _end(self, job: Job, item: bytes, now: float) -> bool:
        ended = await scripts.FINISH_PROMOTED(
            self._redis,
            [
                self._keys.promoted(self._queue),
                self._keys.stat_processed,
                self._keys.stat_failed,
                self._keys.failed,
                self._keys.status(job.id, job.prefix),
            ],
            [job.id, int(now), item],
        )
        return bool(ended)
