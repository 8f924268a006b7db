"""The memory of what was sent: at most one delivery per notification id.

``<namespace>system_daemon:notification:<digest of the id>`` is a string that expires: ``sent``, or
``sending:`` and the token of who began. The token tells a sender whose reply was lost that the note
is its own, and keeps it from taking back somebody else's.
"""

from __future__ import annotations

import contextlib
from enum import StrEnum
from hashlib import sha256
from uuid import uuid4

from system_daemon.jobs.handlers.context import Context
from system_daemon.redis_client import UNREACHABLE, repeat_once

_TAKE_BACK = """
-- KEYS[1] <namespace>system_daemon:notification:<digest>   string, as above
-- ARGV[1] this sender's note
-- Returns 1 when the note was this sender's and is gone, else 0
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
"""


class State(StrEnum):
    """What is known of a notification."""

    NEW = "new"
    """Nothing; from now on it is being sent."""
    SENDING = "sending"
    """Somebody began to send it, and did not say how that ended."""
    SENT = "sent"
    """It was sent."""


class SentOnce:
    """The memory of one notification, for one attempt. Methods raise redis-py's errors."""

    def __init__(self, context: Context, notification_id: str) -> None:
        self._redis = context.redis
        self._life = round(context.notifications.remembered_for)
        self._mine = f"{State.SENDING}:{uuid4().hex}"
        # Digested: what a producer takes for an id may name a person, and the key is shown.
        digest = sha256(notification_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        self.shown_key = f"{context.prefix}notification:{digest}"

    async def begin(self) -> State:
        """Note that it is being sent, unless somebody did before.

        Cut off before it knows what is noted, it takes its own note back: nothing was sent.
        """
        try:
            return await repeat_once(self._note)
        except BaseException:
            with contextlib.suppress(*UNREACHABLE):
                await self.take_back()
            raise

    async def sent(self) -> None:
        """It was sent."""
        await repeat_once(
            lambda: self._redis.set(self.shown_key, State.SENT, xx=True, ex=self._life)
        )

    async def take_back(self) -> None:
        """It certainly was not sent; the next attempt may."""
        await repeat_once(lambda: self._redis.eval(_TAKE_BACK, 1, self.shown_key, self._mine))

    async def _note(self) -> State:
        if await self._redis.set(self.shown_key, self._mine, nx=True, ex=self._life):
            return State.NEW
        found = await self._redis.get(self.shown_key)
        if found == self._mine:  # its reply was lost
            return State.NEW
        return State.SENT if found == State.SENT else State.SENDING
