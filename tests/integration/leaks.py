"""After every test of queues: no Redis key may be left that nobody would ever take away."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from system_daemon import redis_client
from system_daemon.jobs.keys import Keys, with_colon
from system_daemon.jobs.namespaces import namespaces
from system_daemon.jobs.ownership import unowned_keys

_ALWAYS = "resque"


@pytest.fixture(autouse=True)
def no_key_is_left_without_an_owner(redis_url: str) -> Iterator[None]:
    """Looks at every namespace when the fixtures of the test have ended."""
    yield
    if left := asyncio.run(_unowned(redis_url)):
        pytest.fail(f"expected no key without an owner, got {', '.join(left)}")


async def _unowned(url: str) -> list[str]:
    client = redis_client.connect(url, decode_responses=False)
    try:
        return [
            key
            for namespace in {_ALWAYS, *await namespaces(client)}
            for key in await unowned_keys(client, Keys(with_colon(namespace)))
        ]
    finally:
        await client.aclose()
