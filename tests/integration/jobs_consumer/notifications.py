"""Jobs that are whole notifications, and what the handler notes of them in Redis."""

from __future__ import annotations

import json
from typing import Any

from redis.asyncio import Redis

from tests.integration.jobs_consumer.clinic import KEYS

ROUTE = {
    "job_class": "SendNotification",
    "handler": "system_daemon.jobs.handlers.notification:send_notification",
}


def whole(job_id: str = "n1", **argument: Any) -> str:
    """A job that says itself what goes to whom."""
    args = [{"to": "ana@example.org", "text": "Your visit is at 9.", **argument}]
    return json.dumps({"class": "SendNotification", "args": args, "id": job_id})


async def noted(redis: Redis) -> list[bytes]:
    """The keys of notifications that were sent, or may have been."""
    return [key async for key in redis.scan_iter(f"{KEYS.ours}notification:*")]
