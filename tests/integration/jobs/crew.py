"""Consumers for tests, and producers as they are."""

from __future__ import annotations

import json
from collections.abc import Sequence

from redis.asyncio import Redis

from system_daemon.jobs.keys import Keys
from system_daemon.jobs.payload import Job
from system_daemon.jobs.queue import JobQueue
from system_daemon.jobs.reaper import Reaper
from system_daemon.jobs.worker_record import new_consumer

PHP_1_2 = rb'{"class":"C","args":[{"n":%d}],"id":"%032x"}'
PHP_MASTER = rb'{"class":"C","args":[{"n":%d}],"id":"%032x","queue_time":1763845200.1234}'
FORK = rb'{"class":"C","args":[{"n":%d}],"id":"%032x","prefix":"app","queue_time":1763845200.12}'


def php(number: int) -> bytes:
    """A payload of php-resque."""
    return PHP_MASTER % (number, number)


def ruby(number: int) -> bytes:
    """A payload of Ruby's resque: no id, several args."""
    return b'{"class":"C","args":[%d,"two"]}' % number


def numbers(jobs: Sequence[Job]) -> list[int]:
    """Which jobs these are."""
    return [number(job.raw) for job in jobs]


def number(payload: bytes) -> int:
    """Which job this is."""
    first = json.loads(payload)["args"][0]
    return int(first["n"] if isinstance(first, dict) else first)


class Crew:
    """The consumers of one test."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self.redis = redis
        self.keys = keys
        self._members: list[JobQueue] = []

    def consumer(
        self, queue: str = "q", *, redis: Redis | None = None, namespace: str = "resque:"
    ) -> JobQueue:
        """A new consumer that nobody has started."""
        member = JobQueue(
            redis or self.redis, namespace=namespace, queue=queue, consumer=new_consumer()
        )
        self._members.append(member)
        return member

    async def kill(self, member: JobQueue) -> None:
        """It stops in its tracks; 60 seconds later its session has expired."""
        await self.redis.delete(self._session(member))

    async def push(self, *payloads: bytes, queue: str = "q") -> None:
        """What a producer does."""
        await self.redis.sadd(self.keys.queues, queue)
        await self.redis.rpush(self.keys.queue(queue), *payloads)

    async def waiting(self, queue: str = "q") -> list[bytes]:
        """The payloads in the queue, the head first."""
        return list(await self.redis.lrange(self.keys.queue(queue), 0, -1))

    async def failed(self) -> list[dict[str, object]]:
        """The items of the failed list."""
        return [json.loads(item) for item in await self.redis.lrange(self.keys.failed, 0, -1)]

    async def stat(self, key: str) -> int:
        """One of Resque's counts."""
        return int(await self.redis.get(key) or 0)

    async def dismiss(self) -> None:
        """All of them stop, the dead ones are reaped."""
        for member in self._members:
            if member._redis is not self.redis:
                await self.kill(member)  # its own client may be closed
            elif await self.redis.exists(self._session(member)):
                await member.stop()
        for queue in {member.queue for member in self._members}:
            await Reaper(self.redis, namespace="resque:", queue=queue).reap()

    def _session(self, member: JobQueue) -> str:
        return self.keys.of_consumer(member.consumer, member.queue).session
