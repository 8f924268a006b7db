"""The memory of what was sent: at most one delivery per notification id.

``<namespace>system_daemon:notification:<id>`` is a string, ``sending`` or ``sent``, that expires.
"""

from __future__ import annotations

from enum import StrEnum
from hashlib import sha256

from system_daemon.jobs.handlers.context import Context
from system_daemon.redis_client import repeat_once


class State(StrEnum):
    """What is known of a notification."""

    NEW = "new"
    """Nothing; from now on it is being sent."""
    SENDING = "sending"
    """Somebody began to send it, and did not say how that ended."""
    SENT = "sent"
    """It was sent."""


class SentOnce:
    """The memory of one notification. Methods raise redis-py's errors."""

    def __init__(self, context: Context, notification_id: str) -> None:
        self._redis = context.redis
        self._life = round(context.notifications.remembered_for)
        # Digested: what a producer takes for an id may name a person, and the key is shown.
        self.shown_key = (
            f"{context.prefix}notification:{sha256(notification_id.encode()).hexdigest()[:32]}"
        )

    async def begin(self) -> State:
        """Note that it is being sent, unless somebody did before.

        Not repeated after a lost reply: then it counts as perhaps sent.
        """
        if await self._redis.set(self.shown_key, State.SENDING, nx=True, ex=self._life):
            return State.NEW
        found = await self._redis.get(self.shown_key)
        return State.SENT if found == State.SENT else State.SENDING

    async def sent(self) -> None:
        """It was sent."""
        await repeat_once(
            lambda: self._redis.set(self.shown_key, State.SENT, xx=True, ex=self._life)
        )

    async def take_back(self) -> None:
        """It certainly was not sent; the next attempt may."""
        await repeat_once(lambda: self._redis.delete(self.shown_key))
