"""What is going on in all queues of a namespace, without taking anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from redis.asyncio import Redis

from system_daemon.jobs.claimed import says_paused
from system_daemon.jobs.keys import Keys
from system_daemon.jobs.registration import LIFE_S
from system_daemon.jobs.waiting import waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerOverview:
    """One consumer of one queue."""

    name: str
    in_flight: int
    """Jobs it has claimed."""
    heartbeat_age_s: int | None
    """Seconds since its last beat; None when it is dead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueOverview:
    """One queue."""

    name: str
    depth: int
    oldest_age_s: float | None
    """Seconds since the first job was pushed; None when its producer did not write that down."""
    consumers: list[ConsumerOverview]
    promoted: int

    @property
    def in_flight(self) -> int:
        """Jobs claimed by consumers, dead ones included."""
        return sum(each.in_flight for each in self.consumers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All queues of a namespace."""

    paused: bool
    queues: list[QueueOverview]
    failed: int
    stranded: dict[str, int]
    """Lists that a ``Resque::dequeue`` which was interrupted left behind, and how many jobs lie in
    each: nobody looks at them."""


async def overview(redis: Redis, keys: Keys) -> Overview:
    """All queues that are named anywhere. Raises redis-py's errors."""
    names = await queue_names(redis, keys)
    return Overview(
        paused=says_paused(cast("bytes | None", await redis.get(keys.paused))),
        queues=[await _queue(redis, keys, name) for name in names],
        failed=await redis.llen(keys.failed),
        stranded=await _stranded(redis, keys, names),
    )


async def _stranded(redis: Redis, keys: Keys, names: list[str]) -> dict[str, int]:
    found = {}
    async for key in redis.scan_iter(f"{_literal(keys.queue(''))}*:temp:*", count=1000):
        if key.decode().removeprefix(keys.queue("")) not in names:
            found[key.decode()] = await redis.llen(key)
    return found


async def queue_names(redis: Redis, keys: Keys) -> list[str]:
    """Queues that producers named, and those in which jobs are in somebody's hands."""
    names = {name.decode() for name in cast("set[bytes]", await redis.smembers(keys.queues))}
    for known in (keys.consumers(""), keys.promoted("")):
        async for key in redis.scan_iter(f"{_literal(known)}*", count=1000):
            names.add(key.decode().removeprefix(known))
    return sorted(names)


def _literal(text: str) -> str:
    return "".join(f"\\{sign}" if sign in "*?[]^-\\" else sign for sign in text)


async def _queue(redis: Redis, keys: Keys, queue: str) -> QueueOverview:
    members = cast("set[bytes]", await redis.smembers(keys.consumers(queue)))
    consumers = sorted(name.decode() for name in members)
    found = await waiting(redis, keys, queue)
    return QueueOverview(
        name=queue,
        depth=found.depth,
        oldest_age_s=found.oldest_age_s,
        consumers=[await _consumer(redis, keys, name, queue) for name in consumers],
        promoted=await redis.hlen(keys.promoted(queue)),
    )


async def _consumer(redis: Redis, keys: Keys, name: str, queue: str) -> ConsumerOverview:
    theirs = keys.of_consumer(name, queue)
    left = await redis.ttl(theirs.session)
    return ConsumerOverview(
        name=name,
        in_flight=await redis.hlen(theirs.processing),
        heartbeat_age_s=LIFE_S - left if left >= 0 else None,
    )
