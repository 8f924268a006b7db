"""The guard: a call is recorded in Redis before its request goes out, so that it goes out once.

``system_daemon:call:<attempt id>`` holds a JSON string that expires: first who sends it, since when
by Redis' clock and with which timeout; then its result. A triggerer that restarts during the call
finds the first and does not send again; one that restarts after it finds the second. Neither body
nor parameters are kept.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from dataclasses import dataclass, field
from typing import cast

from redis.asyncio import Redis

from system_daemon.outcome import Outcome
from system_daemon.redis_client import UNREACHABLE, repeat_once
from system_daemon.services.result import Result

IN_FLIGHT_TTL_S = 7 * 24 * 3600
"""Seconds an unfinished record outlives its timeout."""
COMPLETED_TTL_S = 24 * 3600
"""Seconds a result is kept: far longer than Airflow needs to take it over."""
POLL_S = 1.0
SETTLE_S = 1.0
"""Seconds after its timeout in which the first copy may still store its result."""
RESTARTED = "the triggerer restarted during the call; the service may have finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class InFlight:
    """A copy of this attempt has sent the request, or is about to."""

    nonce: str
    """Which copy."""
    started: float
    """Seconds since the epoch by Redis' clock, not later than the request."""
    timeout: float
    """Seconds from then to the call's end."""


Found = InFlight | Result


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """The record of one attempt as one copy of it sees it. Methods raise redis-py's errors."""

    redis: Redis
    """A client that decodes replies and does not repeat commands by itself."""
    attempt_id: str
    """The task instance's UUID and try number: unique per try, shared by its copies."""
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))
    """This copy."""

    @property
    def key(self) -> str:
        """The record's key in Redis."""
        return f"system_daemon:call:{self.attempt_id}"

    async def find(self) -> Found | None:
        """What is recorded of this attempt so far."""
        text = await repeat_once(lambda: self.redis.get(self.key))
        return None if text is None else _read(cast("str", text))

    async def begin(self, lasts: float) -> Found | None:
        """Record that this copy sends the request now, for at most ``lasts`` seconds.

        Returns:
            None when it may send; else what another copy recorded.
        """
        started = await self._now()
        text = json.dumps(
            {"state": "in_flight", "nonce": self.nonce, "started": started, "timeout": lasts}
        )
        ttl = round(IN_FLIGHT_TTL_S + lasts)
        if await repeat_once(lambda: self.redis.set(self.key, text, nx=True, ex=ttl)):
            return None
        # Another copy's record, or this copy's own whose reply was lost.
        found = await self.find()
        if found is None:
            raise RecordVanishedError
        return None if isinstance(found, InFlight) and found.nonce == self.nonce else found

    async def complete(self, result: Result) -> None:
        """Record how the call ended."""
        text = json.dumps(
            {
                "state": "completed",
                "outcome": result.outcome,
                "message": result.message,
                "http_status": result.http_status,
                "duration_ms": result.duration_ms,
            }
        )
        await repeat_once(lambda: self.redis.set(self.key, text, ex=COMPLETED_TTL_S))

    async def wait_out(self, seen: InFlight) -> Result:
        """Wait for the result of the copy that sent the request, at the longest for its timeout.

        Redis' clock says when that is over; while Redis does not answer, this process' clock does.
        """
        loop = asyncio.get_running_loop()
        give_up = loop.time() + seen.timeout + SETTLE_S
        while loop.time() < give_up:
            try:
                found = await self.find()
                remaining = seen.started + seen.timeout + SETTLE_S - await self._now()
            except UNREACHABLE:
                found, remaining = seen, give_up - loop.time()
            if isinstance(found, Result):
                return found
            if found is None or remaining <= 0:
                break
            await asyncio.sleep(min(remaining, POLL_S))
        return Result(outcome=Outcome.TIMEOUT, message=RESTARTED)

    async def _now(self) -> float:
        seconds, microseconds = await repeat_once(self.redis.time)
        return float(seconds + microseconds / 1_000_000)


class RecordVanishedError(Exception):
    """The call's record vanished from Redis while it was being written."""


def _read(text: str) -> Found:
    entry = json.loads(text)
    if entry["state"] == "in_flight":
        return InFlight(nonce=entry["nonce"], started=entry["started"], timeout=entry["timeout"])
    return Result(
        outcome=Outcome(entry["outcome"]),
        message=entry["message"],
        http_status=entry["http_status"],
        duration_ms=entry["duration_ms"],
    )
