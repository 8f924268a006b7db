"""The lock that keeps two deployments from executing one service at the same time (R37, R38).

The lock belongs to an attempt, not to a process: two copies of one attempt share it, and the call
record decides which of them sends. It ends by itself after its time to live, which is the call's
timeout; it does not prove that the service stopped, hence the fencing number, which grows with
every holder and goes out with the request.

Each step is one script on one Redis server, so that it may be repeated after a lost reply: neither
is the lock lost nor a second number drawn. Redis 5 or newer, no cluster.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from redis.asyncio import Redis

from system_daemon.redis_client import repeat_once
from system_daemon.services.record import CallRecord

# Taking it again extends it: a copy that goes on needs its whole timeout covered.
_TAKE = """
-- KEYS[1] system_daemon:lock:<service>   string, the holder's attempt id; expires
-- KEYS[2] system_daemon:fence:<service>  string, an integer that only grows; never expires
-- ARGV[1] attempt id    ARGV[2] time to live, milliseconds
-- Returns {1, fencing number} or {0, the holder's remaining milliseconds; -1: no end}
local holder = redis.call('GET', KEYS[1])
if holder == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return {1, tonumber(redis.call('GET', KEYS[2]) or redis.call('INCR', KEYS[2]))}
end
if holder then
  return {0, redis.call('PTTL', KEYS[1])}
end
local number = redis.call('INCR', KEYS[2])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {1, number}
"""
_RELEASE = """
-- KEYS[1] system_daemon:lock:<service>     string, the holder's attempt id
-- KEYS[2] system_daemon:call:<attempt id>  string, the call's record as JSON
-- ARGV[1] attempt id    ARGV[2] this copy's nonce
-- Returns 1 when the lock was this attempt's and is gone, else 0
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
local record = redis.call('GET', KEYS[2])
if record then
  local call = cjson.decode(record)
  if call.state == 'in_flight' and call.nonce ~= ARGV[2] then
    return 0  -- another copy's request is out: the lock is its
  end
end
return redis.call('DEL', KEYS[1])
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The lock is this attempt's."""

    fencing_number: int
    """Greater than that of every earlier holder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldElsewhere:
    """The lock is another attempt's."""

    remaining: float | None
    """Seconds until it ends by itself; None when it has no end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLock:
    """The lock of one service as one attempt sees it. Methods raise redis-py's errors."""

    redis: Redis
    """A client that decodes replies and does not repeat commands by itself."""
    service: str
    """The service's configured name, the same in every deployment."""
    record: CallRecord
    """The call it is held for; its attempt holds the lock."""
    timeout: float
    """Seconds until it ends by itself."""

    @property
    def key(self) -> str:
        """The lock's key in Redis."""
        return f"system_daemon:lock:{self.service}"

    async def take(self) -> Held | HeldElsewhere:
        """Take the lock, or take it once more when it is already this attempt's."""
        fence = f"system_daemon:fence:{self.service}"
        milliseconds = max(1, round(self.timeout * 1000))
        attempt_id = self.record.attempt_id
        reply = await repeat_once(
            lambda: self.redis.eval(_TAKE, 2, self.key, fence, attempt_id, milliseconds)
        )
        taken, number = cast("list[int]", reply)
        if taken:
            return Held(fencing_number=number)
        return HeldElsewhere(remaining=None if number < 0 else number / 1000)

    async def release(self) -> bool:
        """Give the lock back if it is still this attempt's and no other copy's request is out.

        Returns:
            Whether it was given back.
        """
        attempt_id, nonce = self.record.attempt_id, self.record.nonce
        return bool(
            await repeat_once(
                lambda: self.redis.eval(_RELEASE, 2, self.key, self.record.key, attempt_id, nonce)
            )
        )
