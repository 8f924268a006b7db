"""One consumer's view of one queue: claim jobs and end them, each exactly once.

Keys and their types are in ``keys.py``; what is atomic is a script in ``lua/``. Every method may be
called again after it raised: nothing is lost or doubled by a lost reply.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import cast

from redis.asyncio import Redis

from system_daemon.jobs import scripts
from system_daemon.jobs.choice import EVERY, LOOK_AHEAD, Choice, read_class
from system_daemon.jobs.claim_numbers import ClaimNumbers
from system_daemon.jobs.claimed import Claimed, Look, RawClaim, raw_claim, says_paused
from system_daemon.jobs.endings import Endings
from system_daemon.jobs.held import HeldJobs
from system_daemon.jobs.keys import Keys, with_colon
from system_daemon.jobs.payload import Job, UnreadablePayloadError, read
from system_daemon.jobs.promoted import PromotedJobs
from system_daemon.jobs.reaper import Reaped, Reaper
from system_daemon.jobs.registration import Registration
from system_daemon.jobs.scripts import Value
from system_daemon.jobs.waiting import Waiting, waiting

_HELD_S = 600
_BATCH = 500
"""Jobs per script, so that Redis never pauses for others."""


class JobQueue:
    """One consumer's view of one queue. Methods raise redis-py's errors."""

    def __init__(
        self,
        redis: Redis,
        *,
        namespace: str,
        queue: str,
        consumer: str,
        max_interruptions: int = 3,
        concurrency: int | None = None,
    ) -> None:
        """The client must not decode replies; `new_consumer` makes a consumer's name.

        With the concurrency of its consumers, `reap` counts only jobs that may have run as
        interrupted, not those claimed ahead.
        """
        self.queue = queue
        self.consumer = consumer
        self._redis = redis
        self._keys = Keys(with_colon(namespace))
        self._me = Registration(redis=redis, keys=self._keys, queue=queue, consumer=consumer)
        self.worker = self._me.worker
        nonce = secrets.token_hex(8)
        self._claims = ClaimNumbers(nonce)
        self._held = HeldJobs()
        self._endings = Endings(redis, self._keys, self._me, self._held, nonce=nonce)
        self._promoted = PromotedJobs(redis, self._keys, queue)
        self._reaper = Reaper(
            redis,
            namespace=namespace,
            queue=queue,
            max_interruptions=max_interruptions,
            concurrency=concurrency,
        )

    async def look(self) -> Look:
        """What waits, without taking anything."""
        depth, orphans, dead, paused = await scripts.LOOK(
            self._redis,
            [self._keys.queue(self.queue), self._keys.consumers(self.queue), self._keys.paused],
            [f"{self._keys.ours}consumer:", f"{self._keys.ours}processing:", self.queue],
        )
        return Look(depth=depth, orphans=orphans, dead=dead, paused=says_paused(paused))

    async def waiting(self) -> Waiting:
        """How many jobs wait, and for how long, without taking anything."""
        return await waiting(self._redis, self._keys, self.queue)

    async def classes(self) -> list[str]:
        """The classes of the jobs that a claim with a choice looks at."""
        found = await scripts.CLASSES(self._redis, [self._keys.queue(self.queue)], [LOOK_AHEAD])
        return [name for name in map(read_class, found) if name is not None]

    async def held_targets(self) -> frozenset[str]:
        """Where the routes lead that were held when a shift ended a few minutes ago."""
        found = cast("set[bytes]", await self._redis.smembers(self._keys.held(self.queue)))
        return frozenset(target.decode() for target in found)

    async def remember_held(self, targets: Sequence[str]) -> None:
        """Let the next shift know of held routes, so that it tries them with care."""
        if targets:
            async with self._redis.pipeline(transaction=True) as step:
                step.sadd(self._keys.held(self.queue), *targets)
                step.expire(self._keys.held(self.queue), _HELD_S)
                await step.execute()

    async def start(self) -> None:
        """Live, and be seen as a worker."""
        await self.beat()

    async def beat(self) -> None:
        """Live for another 60 seconds; to be called every 20."""
        await self._me.beat(self._claims.last_answered())
        await self._endings.look_again()

    async def stop(self) -> None:
        """Give back what is still claimed, and leave nothing behind."""
        while left := await self._unsettled():
            await self.give_back(left)
        await self._endings.look_again(at_once=True)
        await self._me.remove(dead=False)

    async def claim(self, claim_id: str, count: int, choice: Choice = EVERY) -> Claimed:
        """Take up to ``count`` jobs from the head of the queue, those of the choice.

        The same claim id brings the same jobs again, those that have not ended yet, and no others.
        What a claim took that raised, and was not repeated, comes with the next one.
        """
        wanted = self._claims.begin(claim_id, count)
        try:
            claimed = await self._claim(wanted, choice)
        except BaseException:
            self._claims.failed(wanted)
            raise
        self._claims.answered(wanted)
        return claimed

    async def ack(self, jobs: Sequence[Job]) -> list[str]:
        """End jobs that succeeded; the ids of those that were still this consumer's."""
        accepted: list[str] = []
        for first in range(0, len(jobs), _BATCH):
            accepted += await self._endings.ack(jobs[first : first + _BATCH])
        return accepted

    async def bury(self, job: Job, *, exception: str, error: str) -> bool:
        """Move a job to Resque's failed list; False when it was not this consumer's any more.

        The error is kept in Redis and shown by resque-web: it must not quote the job.
        """
        return await self._endings.bury(job, exception=exception, error=error)

    async def give_back(self, jobs: Sequence[Job]) -> int:
        """Put jobs back to the head of the queue in their order; how many were still its own."""
        ordered = sorted(jobs, key=lambda job: job.token)
        given = 0
        for end in range(len(ordered), 0, -_BATCH):
            given += await self._endings.give_back(ordered[max(0, end - _BATCH) : end])
        return given

    async def promote(self, job: Job) -> bool:
        """Move a job to where a DAG run finds it by its id.

        False when it was not this consumer's any more; or when another job with its id is there
        already: then this one is buried.
        """
        reply = await self._endings.promote(job)
        if reply == b"2":
            sentence = "another job with this id has a DAG run; discard one of them"
            await self.bury(job, exception="DuplicateJobId", error=sentence)
        return reply == b"1"

    async def promoted(self, job_id: str) -> Job | None:
        """The promoted job with this id."""
        return await self._promoted.find(job_id)

    async def finish_promoted(self, job_id: str) -> bool:
        """End a promoted job that succeeded; False when it was not there any more."""
        return await self._promoted.finish(job_id)

    async def bury_promoted(self, job_id: str, *, exception: str, error: str) -> bool:
        """Move a promoted job to the failed list; False when it was not there any more."""
        return await self._promoted.bury(
            job_id, exception=exception, error=error, worker=self.worker
        )

    async def reap(self) -> Reaped | None:
        """Give the jobs of this queue's dead consumers back; None while another one does."""
        return await self._reaper.reap()

    async def _claim(self, wanted: dict[int, int], choice: Choice) -> Claimed:
        taken = [await self._take(number, count, choice) for number, count in wanted.items()]
        jobs, buried = [], 0
        for token, raw in (pair for each in taken for pair in each.payloads):
            try:
                jobs.append(read(raw, queue=self.queue, token=token))
            except UnreadablePayloadError as error:
                buried += await self._endings.bury_unreadable(token, raw, str(error))
        if jobs:
            jobs = await self._begin(jobs)
        return Claimed(
            jobs=jobs,
            buried=buried,
            paused=taken[-1].state == "paused",
            alone=taken[-1].state == "alone",
        )

    async def _take(self, number: int, count: int, choice: Choice) -> RawClaim:
        keys = [
            self._keys.queue(self.queue),
            self._me.mine.processing,
            self._me.mine.session,
            self._keys.paused,
        ]
        args: list[Value] = [self._claims.name(number), count, *choice.words()]
        taken = raw_claim(await scripts.CLAIM(self._redis, keys, args))
        if taken.state == "unregistered":
            await self.beat()
            taken = raw_claim(await scripts.CLAIM(self._redis, keys, args))
        return taken

    async def _begin(self, jobs: list[Job]) -> list[Job]:
        """Those that are still its own: after a long sleep others may have been given them."""
        now = time.time()
        self._held.add(jobs)
        packet, shown = self._held.next_shown(now)
        reply: bytes = await scripts.BEGIN(
            self._redis,
            [
                self._me.mine.processing,
                self._me.mine.worker,
                *(self._keys.status(job.id, job.prefix) for job in jobs),
            ],
            [int(now), packet, shown, "".join([job.token for job in jobs])],
        )
        gone = [job for job, own in zip(jobs, reply.decode(), strict=True) if own == "0"]
        if not gone:
            return jobs
        self._held.remove(gone)
        return [job for job in jobs if job not in gone]

    async def _unsettled(self) -> list[Job]:
        """What Redis says this consumer holds, even from claims whose reply never came."""
        held = cast("dict[bytes, bytes]", await self._redis.hgetall(self._me.mine.processing))
        jobs = []
        for token, raw in held.items():
            try:
                jobs.append(read(raw, queue=self.queue, token=token.decode()))
            except UnreadablePayloadError as error:
                await self._endings.bury_unreadable(token.decode(), raw, str(error))
        return jobs
