"""A process of its own that makes one attempt, to be killed: ``url redis_url attempt seconds``."""

from __future__ import annotations

import asyncio
import logging
import sys

from system_daemon import redis_client
from system_daemon.services.attempt import Terms, attempt
from system_daemon.services.request import Request


async def main(url: str, redis_url: str, attempt_id: str, seconds: str) -> None:
    request = Request(service="import", url=url, parameters={}, timeout=float(seconds))
    terms = Terms(attempt_id=attempt_id, lock=True, on_idle=1.0)
    redis = redis_client.connect(redis_url)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await attempt(request, terms, redis, logging.getLogger())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
