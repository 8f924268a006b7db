"""Redis and the network at their worst: no job is lost, none is run twice, nothing hangs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from urllib.parse import urlsplit

import pytest_asyncio
from redis.asyncio import Redis

from system_daemon import redis_client
from tests.integration.jobs_consumer.clinic import Endpoint, enqueue, payload, until
from tests.integration.jobs_consumer.conftest import Workplace
from tests.integration.services.reply_dropper import ReplyDropper


@pytest_asyncio.fixture
async def dropper(redis_url: str, workplace: Workplace) -> AsyncIterator[ReplyDropper]:
    """A proxy between the consumer and Redis that can lose a reply."""
    parts = urlsplit(redis_url)
    assert parts.port is not None
    proxy = ReplyDropper(parts.port)
    await proxy.start()
    url = redis_url.replace(f":{parts.port}", f":{proxy.port}")
    direct, workplace.redis = workplace.redis, redis_client.connect(url, decode_responses=False)
    yield proxy
    await workplace.redis.aclose()
    workplace.redis = direct
    await proxy.stop()


async def test_lost_replies_neither_lose_nor_double_a_job(
    redis: Redis, workplace: Workplace, endpoint: Endpoint, dropper: ReplyDropper
) -> None:
    async def losing() -> None:
        for count in range(0, 1500, 60):
            await until(lambda: len(endpoint.jobs) >= count, "jobs run")  # noqa: B023
            dropper.marker = b"EVALSHA"

    await enqueue(redis, *(payload(number) for number in range(1500)))
    nuisance = asyncio.create_task(losing())
    shift = await workplace.shift({"job_class": "*", "endpoint": endpoint.url}, concurrency=8)
    nuisance.cancel()
    assert dropper.dropped >= 10
    assert sorted(endpoint.numbers) == list(range(1500))
    assert shift.acked + shift.late == 1500


async def test_a_redis_that_is_away_for_a_while_only_delays(
    redis: Redis,
    workplace: Workplace,
    endpoint: Endpoint,
    dropper: ReplyDropper,
    told: Callable[[], Sequence[str]],
) -> None:
    await enqueue(redis, *(payload(number) for number in range(1500)))
    shift = asyncio.create_task(
        workplace.shift({"job_class": "*", "endpoint": endpoint.url}, concurrency=4)
    )
    await until(lambda: len(endpoint.jobs) > 100, "jobs run")
    real, dropper._redis_port = dropper._redis_port, 1
    for connection in list(dropper._tasks):
        connection.cancel()
    await until(lambda: any("trying again" in line for line in told()), "it misses Redis")
    dropper._redis_port = real
    await shift
    assert sorted(endpoint.numbers) == list(range(1500))
