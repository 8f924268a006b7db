"""A Redis at its maxmemory takes nothing new, but what it holds can be worked off."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from redis.exceptions import RedisError

from tests.integration.jobs.crew import Crew, numbers, php


@pytest_asyncio.fixture
async def fill(redis: Redis) -> AsyncIterator[Redis]:
    """Makes the server full; afterwards it has room again."""
    before = await redis.config_get("maxmemory*")
    yield redis
    for name in ("maxmemory", "maxmemory-policy"):
        await redis.config_set(name, before[name.encode() if name.encode() in before else name])


async def test_jobs_are_claimed_and_ended_where_producers_are_refused(
    crew: Crew, fill: Redis
) -> None:
    consumer = crew.consumer()
    await crew.push(*map(php, range(4)))
    await fill.config_set("maxmemory-policy", "noeviction")
    await fill.config_set("maxmemory", "1")
    with pytest.raises(RedisError, match="maxmemory"):
        await crew.push(php(5))
    await consumer.start()
    first, second, third, fourth = (await consumer.claim("a", 4)).jobs
    assert numbers([first, second, third, fourth]) == [0, 1, 2, 3]
    await consumer.beat()
    assert await consumer.ack([first]) == [first.id]
    assert await consumer.bury(second, exception="E", error="e")
    assert await consumer.promote(third)
    assert await consumer.finish_promoted(third.id)
    assert await consumer.give_back([fourth]) == 1
    assert numbers((await consumer.claim("b", 1)).jobs) == [3]
    assert await consumer.ack([fourth]) == []
