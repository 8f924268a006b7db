"""A real Redis, consumers that live and die, and a check that nothing stays behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from system_daemon import redis_client
from system_daemon.jobs.keys import Keys
from system_daemon.jobs.ownership import unowned_keys
from system_daemon.jobs.queue import JobQueue
from tests.integration.jobs.crew import Crew
from tests.integration.leaks import no_key_is_left_without_an_owner  # noqa: F401 - autouse
from tests.integration.redis_servers import redis_server  # noqa: F401 - on each server
from tests.integration.services.reply_dropper import ReplyDropper


@pytest.fixture
def keys() -> Keys:
    """The keys of the namespace that tests use."""
    return Keys("resque:")


@pytest_asyncio.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A client as production makes it, on an empty database."""
    client = redis_client.connect(redis_url, decode_responses=False)
    yield client
    await client.aclose()


@pytest_asyncio.fixture
async def crew(redis: Redis, keys: Keys) -> AsyncIterator[Crew]:
    """Makes consumers; after the test the living stop, the dead are reaped, and nothing is left."""
    crew = Crew(redis, keys)
    yield crew
    assert await unowned_keys(redis, keys) == []
    await crew.dismiss()
    left = [
        key
        async for key in redis.scan_iter("resque:*")
        if b"system_daemon" in key.replace(b"-", b"_")
    ]
    assert left == []
    assert [name for name in await redis.smembers(keys.workers) if b"system-daemon" in name] == []
    assert await unowned_keys(redis, keys) == []


@pytest.fixture
def consumer(crew: Crew) -> JobQueue:
    """A consumer of the queue "q"."""
    return crew.consumer()


@pytest_asyncio.fixture
async def dropper(redis_url: str) -> AsyncIterator[ReplyDropper]:
    """A proxy before Redis that can lose a reply."""
    port = urlsplit(redis_url).port
    assert port
    proxy = ReplyDropper(port)
    await proxy.start()
    yield proxy
    await proxy.stop()


@pytest_asyncio.fixture
async def lossy_redis(dropper: ReplyDropper, redis_url: str) -> AsyncIterator[Redis]:
    """A production client that speaks through the proxy."""
    url = redis_url.replace(f":{urlsplit(redis_url).port}", f":{dropper.port}")
    client = redis_client.connect(url, decode_responses=False)
    yield client
    await client.aclose()
