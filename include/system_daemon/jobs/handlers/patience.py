"""How long a notification that is refused for now is tried again: a day from its first refusal.

``<namespace>system_daemon:notification:refused:<id>`` is a string that expires, the first refusal's
time in seconds since 1970.
"""

from __future__ import annotations

import time

from system_daemon.jobs.handlers.context import Context
from system_daemon.redis_client import UNREACHABLE, repeat_once

PATIENCE_S = 24 * 3600.0
_KEPT_S = round(2 * PATIENCE_S)


class Patience:
    """The memory of one notification's first refusal."""

    def __init__(self, context: Context, notification_id: str) -> None:
        self._redis = context.redis
        self._key = f"{context.prefix}notification:refused:{notification_id}"

    async def is_over(self) -> bool:
        """Note a refusal; whether the first one was a day ago. Without Redis it never was."""
        now = time.time()
        try:
            await repeat_once(lambda: self._redis.set(self._key, f"{now:.0f}", nx=True, ex=_KEPT_S))
            first = await repeat_once(lambda: self._redis.get(self._key))
        except UNREACHABLE:
            return False
        return first is not None and now - float(first) >= PATIENCE_S
