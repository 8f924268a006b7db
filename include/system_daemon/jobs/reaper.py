"""Gives the jobs of dead consumers back to the head of their queue.

Any process may reap, one at a time (a lease of 60 s). A consumer is dead when its session expired:
60 seconds after its last beat. A job whose consumer died the third time while it may have run is
buried: it may be what kills them. Consumers begin jobs in the order of the queue, so where their
concurrency is known, jobs that had only been claimed ahead count as not interrupted.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import cast

from redis.asyncio import Redis

from system_daemon.jobs import scripts
from system_daemon.jobs.failure_item import failure_item, unreadable_payload
from system_daemon.jobs.keys import Keys, with_colon
from system_daemon.jobs.payload import Job, UnreadablePayloadError, read
from system_daemon.jobs.registration import Registration
from system_daemon.jobs.scripts import Value
from system_daemon.redis_client import repeat_once

LEASE_MS = 60_000
_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaped:
    """What one round brought."""

    consumers: int = 0
    """Dead consumers that are gone now."""
    given_back: int = 0
    """Jobs that wait again."""
    buried: int = 0
    """Jobs interrupted too often, and unreadable ones."""


@dataclass(frozen=True, slots=True)
class _Unreadable:
    token: str
    raw: bytes = field(repr=False)
    sentence: str


class Reaper:
    """Reaps one queue. Methods raise redis-py's errors."""

    def __init__(
        self,
        redis: Redis,
        *,
        namespace: str,
        queue: str,
        max_interruptions: int = 3,
        concurrency: int | None = None,
    ) -> None:
        """The client must not decode replies; a concurrency of None: all claimed jobs may run."""
        self._redis = redis
        self._keys = Keys(with_colon(namespace))
        self._queue = queue
        self._max_interruptions = max_interruptions
        self._concurrency = concurrency

    async def reap(self) -> Reaped | None:
        """One round over all consumers of the queue; None while another one reaps."""
        lease, me = self._keys.reaper(self._queue), secrets.token_hex(16)
        taken = await repeat_once(lambda: self._redis.set(lease, me, nx=True, px=LEASE_MS))
        # After a lost reply the lease is this one's although it seems taken.
        if not taken and await self._redis.get(lease) != me.encode():
            return None
        try:
            return await self._round(me)
        finally:
            await scripts.RELEASE(self._redis, [lease], [me])

    async def _round(self, me: str) -> Reaped:
        consumers = given = buried = 0
        names = await self._redis.smembers(self._keys.consumers(self._queue))
        for name in cast("set[bytes]", names):
            theirs = Registration(
                redis=self._redis, keys=self._keys, queue=self._queue, consumer=name.decode()
            )
            if await self._redis.exists(theirs.mine.session):
                continue
            back, failed = await self._take_from(theirs, me)
            given, buried = given + back, buried + failed
            consumers += await theirs.remove(dead=True)
        return Reaped(consumers=consumers, given_back=given, buried=buried)

    async def _take_from(self, theirs: Registration, me: str) -> tuple[int, int]:
        found = cast("dict[bytes, bytes]", await self._redis.hgetall(theirs.mine.processing))
        held = [self._read(token.decode(), raw) for token, raw in sorted(found.items())]
        begun = self._begun([job for job in held if isinstance(job, Job)])
        given = buried = 0
        # The last ones first, because each batch goes to the head of the queue.
        for end in range(len(held), 0, -_BATCH):
            batch = held[max(0, end - _BATCH) : end]
            status_keys, moves = [], list[Value]()
            for job in batch:
                if isinstance(job, _Unreadable):
                    status, place = self._keys.status(job.token), "failed"
                    content = self._unreadable_item(job, theirs.worker)
                else:
                    status = self._keys.status(job.id, job.prefix)
                    after = job.interrupted() if job.token in begun else job
                    place, content = self._next_place(after, theirs.worker)
                status_keys.append(status)
                moves += (job.token, job.raw, place, content)
            back, failed = await scripts.REAP(
                self._redis,
                [
                    self._keys.reaper(self._queue),
                    theirs.mine.session,
                    theirs.mine.processing,
                    self._keys.queue(self._queue),
                    self._keys.queues,
                    self._keys.failed,
                    self._keys.stat_processed,
                    self._keys.stat_failed,
                    *status_keys,
                ],
                [me, int(time.time()), self._queue, *moves],
            )
            if back < 0:
                break
            given, buried = given + back, buried + failed
        return given, buried

    def _read(self, token: str, raw: bytes) -> Job | _Unreadable:
        try:
            return read(raw, queue=self._queue, token=token)
        except UnreadablePayloadError as error:
            return _Unreadable(token, raw, str(error))

    def _begun(self, jobs: list[Job]) -> set[str]:
        """The tokens of the jobs that may have run when their consumer died."""
        return {job.token for job in jobs[: self._concurrency]}

    def _next_place(self, job: Job, worker: str) -> tuple[str, bytes]:
        if job.interruptions < self._max_interruptions:
            return "queue", job.marked()
        sentence = (
            f"its consumer died {job.interruptions} times while it held the job;"
            " it may be what kills them, so nobody runs it again unasked"
        )
        return "failed", self._item(job.with_id(), "Interrupted", sentence, worker)

    def _unreadable_item(self, found: _Unreadable, worker: str) -> bytes:
        sentence = f"{found.sentence}; its bytes are kept in this item as base64"
        return self._item(unreadable_payload(found.raw), "UnreadablePayload", sentence, worker)

    def _item(self, payload: bytes, exception: str, error: str, worker: str) -> bytes:
        return failure_item(
            payload,
            exception=exception,
            error=error,
            worker=worker,
            queue=self._queue,
            now=time.time(),
        )
