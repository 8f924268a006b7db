"""The leak check itself: what nobody would ever take away is found."""

from __future__ import annotations

import pytest

from system_daemon.jobs.keys import Keys
from system_daemon.jobs.ownership import unowned_keys
from system_daemon.jobs.queue import JobQueue
from tests.integration.jobs.crew import Crew, php


async def test_a_consumer_at_work_a_promoted_job_and_a_dead_consumer_own_their_keys(
    crew: Crew, keys: Keys
) -> None:
    await crew.push(*map(php, range(3)))
    alive, dead = crew.consumer(), crew.consumer()
    (job,) = (await alive.claim("a", 1)).jobs
    await alive.promote(job)
    await alive.claim("b", 1)
    await dead.claim("a", 1)
    await crew.kill(dead)
    await crew.redis.set(keys.reaper("q"), "somebody", px=1000)
    await crew.redis.set("another:key", "")
    assert await unowned_keys(crew.redis, keys) == []
    await crew.redis.delete(keys.reaper("q"))
    await alive.finish_promoted(job.id)


@pytest.mark.parametrize(
    ("key", "member"),
    [
        ("resque:system_daemon:processing:gone:q", None),
        ("resque:system_daemon:consumer:gone:q", None),
        ("resque:system_daemon:reaper:q", None),
        ("resque:system_daemon:something", None),
        ("resque:worker:system-daemon-gone:1:q", None),
        ("resque:worker:system-daemon-gone:1:q:started", None),
        ("resque:stat:processed:system-daemon-gone:1:q", None),
        ("resque:stat:failed:system-daemon-gone:1:q", None),
        ("resque:workers", "system-daemon-gone:1:q"),
        ("resque:job:1:status", '{"status":4,"updated":1}'),
    ],
)
async def test_what_nobody_owns_is_found(
    crew: Crew, consumer: JobQueue, keys: Keys, key: str, member: str | None
) -> None:
    await consumer.start()
    await crew.redis.sadd("resque:workers", "web1:1:q")
    if key == "resque:workers":
        await crew.redis.sadd(key, member or "")
        found = f"{key} {member}"
    else:
        await crew.redis.set(key, member or "")
        found = key
    assert await unowned_keys(crew.redis, keys) == [found]
    if key == "resque:workers":
        await crew.redis.srem(key, member or "")
    else:
        await crew.redis.delete(key)
