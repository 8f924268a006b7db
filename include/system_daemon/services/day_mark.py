"""Which deployment executed a daily service on a day (R38).

``system_daemon:day:<service>:<YYYY-MM-DD>`` holds a JSON string: the attempt, the deployment and
the outcome, null until there is one. It is set under the service's lock and expires after 48 h.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import cast

from redis.asyncio import Redis

from system_daemon.outcome import Outcome
from system_daemon.redis_client import repeat_once

TTL_S = 48 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class DayMark:
    """The day's execution as one attempt sees it. Methods raise redis-py's errors and OSError."""

    redis: Redis
    """A client that decodes replies and does not repeat commands by itself."""
    service: str
    """The service's configured name, the same in every deployment."""
    day: date
    """The local day in the service's zone."""
    attempt_id: str
    """Who is asking."""
    deployment: str
    """A word by which operators know this deployment."""

    @property
    def key(self) -> str:
        """The mark's key in Redis."""
        return f"system_daemon:day:{self.service}:{self.day.isoformat()}"

    async def executed_elsewhere(self) -> str | None:
        """A sentence on the day's execution by another attempt; None when there is none."""
        text = await repeat_once(lambda: self.redis.get(self.key))
        if text is None:
            return None
        mark = json.loads(cast("str", text))
        if mark["attempt"] == self.attempt_id:
            return None
        if mark["outcome"] is None:
            return f"another deployment ({mark['deployment']}) is running it today"
        return f"another deployment ({mark['deployment']}) ran it today (outcome {mark['outcome']})"

    async def set(self, outcome: Outcome | None) -> None:
        """Mark the day as executed by this attempt; None: it is running."""
        mark = {"attempt": self.attempt_id, "deployment": self.deployment, "outcome": outcome}
        text = json.dumps(mark)
        await repeat_once(lambda: self.redis.set(self.key, text, ex=TTL_S))
