"""Resque's ``failed`` list: find a job in it, run it again under its id, or discard it.

Items are taken out by their bytes, never by their index: new ones may come at any time.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha1
from typing import cast

from redis.asyncio import Redis

from system_daemon.jobs import scripts
from system_daemon.jobs.failure_item import FailureItem, read_item
from system_daemon.jobs.keys import Keys, with_colon
from system_daemon.jobs.payload import Job, UnreadablePayloadError, read
from system_daemon.services.log_lines import clean

_PAGE = 200


class Destination(StrEnum):
    """Where a failed job goes."""

    QUEUE = "queue"
    """To the tail of its queue."""
    PROMOTED = "promoted"
    """To the promoted jobs: a DAG run works on it."""
    AWAY = "away"
    """Nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedJob:
    """A job in the failed list."""

    name: str
    """The job's id; for one without an id, the first 12 digits of its item's SHA-1."""
    failure: FailureItem
    job: Job | None = field(repr=False)
    """None when the payload is unreadable."""


class NotInFailedError(LookupError):
    """The failed list holds no job of this name; somebody else may have taken it."""


class NotRepeatableError(ValueError):
    """Its payload is unreadable: it can only be discarded."""


class WrongQueueError(ValueError):
    """The job is of another queue than the one that was named."""


class FailedList:
    """The failed jobs of one namespace. Methods raise redis-py's errors."""

    def __init__(self, redis: Redis, *, namespace: str) -> None:
        """The client must not decode replies."""
        self._redis = redis
        self._keys = Keys(with_colon(namespace))

    async def length(self) -> int:
        """How many there are."""
        return await self._redis.llen(self._keys.failed)

    async def newest(self) -> AsyncIterator[FailedJob]:
        """All of them, the newest first; one that comes or goes meanwhile may be passed over."""
        end = -1
        while True:
            page = await self._redis.lrange(self._keys.failed, end - _PAGE + 1, end)
            for item in reversed(cast("list[bytes]", page)):
                failed = _failed_job(item)
                if failed is not None:
                    yield failed
            if len(page) < _PAGE:
                return
            end -= _PAGE

    async def find(self, name: str) -> FailedJob:
        """The newest one of this name.

        Raises:
            NotInFailedError: There is none.
        """
        async for failed in self.newest():
            if failed.name == name:
                return failed
        raise NotInFailedError(f'expected a failed job "{name}", got none of this name')

    async def retry(self, name: str) -> None:
        """Put the job at the tail of its queue again, under its id.

        Raises:
            NotInFailedError: There is none.
            NotRepeatableError: It is unreadable.
        """
        await self._take(await self.find(name), Destination.QUEUE)

    async def promote(self, name: str, *, queue: str) -> Job:
        """Move the job to where a DAG run of its queue finds it by its id.

        Raises:
            NotInFailedError: There is none.
            NotRepeatableError: It is unreadable.
            WrongQueueError: It is of another queue.
        """
        failed = await self.find(name)
        if failed.failure.queue != queue:
            raise WrongQueueError(
                f'expected the queue "{clean(failed.failure.queue, 150)}" of the failed job, got'
                f' "{clean(queue, 150)}"; trigger the run again with the right one, or with none'
            )
        await self._take(failed, Destination.PROMOTED)
        return _fresh(failed)

    async def discard(self, name: str) -> None:
        """Delete the job for good.

        Raises:
            NotInFailedError: There is none.
        """
        await self._take(await self.find(name), Destination.AWAY)

    async def _take(self, failed: FailedJob, to: Destination) -> None:
        payload, job_id, status = b"", failed.name, self._keys.status(failed.name)
        if to is not Destination.AWAY:
            job = _fresh(failed)
            payload, status = job.raw, self._keys.status(job.id, job.prefix)
        queue = failed.failure.queue
        taken = await scripts.TAKE_FAILED(
            self._redis,
            [
                self._keys.failed,
                self._keys.queue(queue),
                self._keys.queues,
                self._keys.promoted(queue),
                status,
            ],
            [failed.failure.item, to, payload, queue, job_id, int(time.time())],
        )
        if not taken:
            raise NotInFailedError(f'expected a failed job "{failed.name}", got: taken meanwhile')


def _fresh(failed: FailedJob) -> Job:
    """The job as at its first attempt."""
    if failed.job is None:
        raise NotRepeatableError(
            f'expected a readable payload of the failed job "{failed.name}", got one that is no'
            " job: it can only be discarded"
        )
    job = replace(failed.job, attempt=1, interruptions=0)
    return replace(job, raw=job.with_id())


def _failed_job(item: bytes) -> FailedJob | None:
    failure = read_item(item)
    if failure is None:
        return None
    name = sha1(item, usedforsecurity=False).hexdigest()[:12]
    try:
        job = read(failure.payload, queue=failure.queue, token=name)
    except UnreadablePayloadError:
        return FailedJob(name=name, failure=failure, job=None)
    return FailedJob(name=job.id, failure=failure, job=job)
