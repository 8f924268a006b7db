"""How a consumer's jobs end: they leave it in one step, and only if they are still its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from redis.asyncio import Redis

from system_daemon.jobs import scripts
from system_daemon.jobs.failure_item import failure_item, unreadable_payload
from system_daemon.jobs.held import HeldJobs
from system_daemon.jobs.keys import Keys
from system_daemon.jobs.late_status import LateStatuses
from system_daemon.jobs.payload import Job
from system_daemon.jobs.registration import Registration
from system_daemon.jobs.scripts import Script, Value
from system_daemon.jobs.status import Code


class Endings:
    """The endings of one consumer's jobs. Methods raise redis-py's errors."""

    def __init__(
        self, redis: Redis, keys: Keys, registration: Registration, held: HeldJobs, *, nonce: str
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._me = registration
        self._held = held
        self._late = LateStatuses()
        self._nonce = nonce
        self._steps = 0
        self._stepping = asyncio.Lock()

    async def ack(self, jobs: Sequence[Job]) -> list[str]:
        """They succeeded; the ids of those that were still this consumer's."""
        now = time.time()
        self._held.remove(jobs)
        late = self._late.take()
        keys = [
            self._me.mine.worker,
            self._keys.stat_processed,
            self._me.mine.processed,
            *(self._keys.status(job.id, job.prefix) for job in jobs),
            *(key for key, _ in late),
        ]
        args: list[Value] = [
            int(now),
            len(jobs),
            *self._held.next_shown(now),
            "".join([job.token for job in jobs]),
            "".join([str(int(code)) for _, code in late]),
        ]
        try:
            reply = await self._step(scripts.ACK, keys, args)
        except BaseException:
            self._late.put_back(late)
            raise
        accepted = []
        for job, ended in zip(jobs, reply.decode(), strict=True):
            if ended != "0":
                accepted.append(job.id)
            if ended == "1":
                self._late.expect(self._keys.status(job.id, job.prefix), Code.COMPLETE)
        return accepted

    async def look_again(self, *, at_once: bool = False) -> None:
        """Correct statuses that came after their job's end."""
        while self._late.due(at_once=at_once):
            await self.ack([])

    async def bury(self, job: Job, *, exception: str, error: str) -> bool:
        """To the failed list; False when it was not this consumer's any more."""
        status = self._keys.status(job.id, job.prefix)
        reply = await self._bury(job.token, job.with_id(), exception, error, [status])
        self._held.remove([job])
        if reply == b"1":
            self._late.expect(status, Code.FAILED)
        return reply != b"0"

    async def bury_unreadable(self, token: str, raw: bytes, sentence: str) -> bool:
        """The same for a payload that is no job; its bytes are kept."""
        error = f"{sentence}; its bytes are kept in this item as base64"
        reply = await self._bury(token, unreadable_payload(raw), "UnreadablePayload", error, [])
        return reply != b"0"

    async def give_back(self, jobs: Sequence[Job]) -> int:
        """To the head of the queue in the order given; how many were still this consumer's."""
        payloads: list[Value] = [part for job in jobs for part in (job.token, job.marked())]
        reply = await self._step(
            scripts.GIVE_BACK,
            [
                self._me.mine.worker,
                self._keys.queue(self._me.queue),
                self._keys.queues,
                *(self._keys.status(job.id, job.prefix) for job in jobs),
            ],
            [int(time.time()), self._me.queue, *payloads],
        )
        self._held.remove(jobs)
        return int(reply)

    async def promote(self, job: Job) -> bytes:
        """To the promoted jobs; b"0" not its own any more, b"1" done, b"2" its id is there."""
        reply = await self._step(
            scripts.PROMOTE,
            [self._me.mine.worker, self._keys.promoted(self._me.queue)],
            [job.token, job.id, job.marked()],
        )
        if reply != b"2":
            self._held.remove([job])
        return reply

    async def _bury(
        self, token: str, payload: bytes, exception: str, error: str, status: list[str]
    ) -> bytes:
        now = time.time()
        item = failure_item(
            payload,
            exception=exception,
            error=error,
            worker=self._me.worker,
            queue=self._me.queue,
            now=now,
        )
        keys = [
            self._me.mine.worker,
            self._keys.failed,
            self._keys.stat_processed,
            self._me.mine.processed,
            self._keys.stat_failed,
            self._me.mine.failed,
            *status,
        ]
        return await self._step(scripts.BURY, keys, [int(now), token, item])

    async def _step(self, script: Script, keys: Sequence[str], args: Sequence[Value]) -> bytes:
        """One step after the other: Redis remembers the reply to the last one."""
        async with self._stepping:
            self._steps += 1
            reply: bytes = await script(
                self._redis,
                [self._me.mine.processing, self._me.mine.session, *keys],
                [f"{self._nonce}{self._steps}", *args],
            )
            return reply
