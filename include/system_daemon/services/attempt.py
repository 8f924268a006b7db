"""One try of a service call: look, take turns, record, send, store.

At most one request goes out per attempt id, whatever dies, and with the lock never two at the same
time from all deployments that share a Redis. A cancelled attempt that has sent its request leaves
its record and its lock behind on purpose: the service may still be working, so the record tells the
next copy not to send and the lock ends by itself after the timeout.
"""

from __future__ import annotations

import asyncio
import socket
import traceback
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field, replace
from datetime import date
from typing import assert_never

from redis.asyncio import Redis

from system_daemon.outcome import Outcome
from system_daemon.redis_client import UNREACHABLE, unreachable
from system_daemon.services.call import call
from system_daemon.services.day_mark import DayMark
from system_daemon.services.lock import Held, HeldElsewhere, ServiceLock
from system_daemon.services.log_lines import Log, clean, log_outcome
from system_daemon.services.record import CallRecord, Found, InFlight
from system_daemon.services.request import Request
from system_daemon.services.result import Result

LOCK_POLL_S = 2.0
"""Seconds between two looks at a lock that is held elsewhere."""
_SHORTEST_RETRY_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Under which rules an attempt is made."""

    attempt_id: str
    """The task instance's UUID and try number: unique per try, shared by its copies."""
    lock: bool
    """Whether the lock policy applies to the service (R37)."""
    on_idle: float
    """The service's interval after idle, seconds: the longest wait after ``locked`` (R38)."""
    day: date | None = None
    """For the first scheduled try of a daily service: its local day; one deployment serves it."""
    patience: float = 0.0
    """Seconds to keep trying while the lock is held elsewhere; 0: do not (R38, R45)."""
    deployment: str = field(default_factory=socket.gethostname)
    """A word by which operators know this deployment."""


async def attempt(request: Request, terms: Terms, redis: Redis, log: Log) -> Result:
    """Make the attempt, or find out how an earlier copy of it ended.

    Args:
        request: What to send; gets ``Idempotency-Key`` and, with the lock, a fencing number.
        terms: The rules.
        redis: A client from ``redis_client``: it decodes replies and repeats nothing by itself.
        log: Receives the service's words and one line with the outcome.
    """
    one = _Attempt(request, terms, redis, log)
    try:
        result = await one.run()
    except UNREACHABLE as error:
        message = f"{unreachable(redis, error)}; the call was not sent"
        result = Result(outcome=Outcome.ERROR, message=message)
    except Exception as error:
        _log_frames(error, log)
        message = f"unexpected failure in the system daemon itself: {type(error).__name__}"
        result = Result(outcome=Outcome.ERROR, message=message)
    if not one.outcome_logged:
        log_outcome(log, request.service, result)
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """It is this attempt's turn to send."""

    deadline: float
    """The event loop's time at which the call ends at the latest; the lock lasts as long."""
    headers: dict[str, str] = field(default_factory=dict)


class _Attempt:
    def __init__(self, request: Request, terms: Terms, redis: Redis, log: Log) -> None:
        self._request = request
        self._terms = terms
        self._redis = redis
        self._log = log
        self._record = CallRecord(redis=redis, attempt_id=terms.attempt_id)
        self._lock = ServiceLock(
            redis=redis, service=request.service, record=self._record, timeout=request.timeout
        )
        self._day = (
            DayMark(
                redis=redis,
                service=request.service,
                day=terms.day,
                attempt_id=terms.attempt_id,
                deployment=terms.deployment,
            )
            if terms.lock and terms.day
            else None
        )
        self._request_is_out = False
        self.outcome_logged = False

    async def run(self) -> Result:
        found = await self._record.find()
        if found is not None:
            return await self._of_other_copy(found)
        if not self._terms.lock:
            return await self._send(_Turn(deadline=self._deadline()))
        try:
            turn = await self._turn()
            return turn if isinstance(turn, Result) else await self._send(turn)
        finally:
            if not self._request_is_out:
                await _see_through(self._spare(self._lock.release, "the lock was not released"))

    async def _turn(self) -> _Turn | Result:
        loop = asyncio.get_running_loop()
        give_up = loop.time() + self._terms.patience
        while True:
            deadline = self._deadline()  # from before the lock, so that the lock covers the call
            lock = await self._lock.take()
            elsewhere = await self._day.executed_elsewhere() if self._day else None
            if elsewhere:
                return Result(outcome=Outcome.LOCKED, message=clean(elsewhere))
            match lock:
                case Held():
                    headers = {"System-Daemon-Fencing-Token": str(lock.fencing_number)}
                    return _Turn(deadline=deadline, headers=headers)
                case HeldElsewhere():
                    patience = give_up - loop.time()
                    if patience <= 0:
                        return self._held_elsewhere(lock)
                    remaining = LOCK_POLL_S if lock.remaining is None else lock.remaining
                    await asyncio.sleep(max(0.05, min(remaining, LOCK_POLL_S, patience)))
                case _:
                    assert_never(lock)

    def _deadline(self) -> float:
        return asyncio.get_running_loop().time() + self._request.timeout

    def _held_elsewhere(self, lock: HeldElsewhere) -> Result:
        ends = "has no end" if lock.remaining is None else f"ends in {lock.remaining:.0f} s at most"
        holder = "another deployment, or a try that was killed, holds its lock"
        wait = self._terms.on_idle if lock.remaining is None else lock.remaining
        return Result(
            outcome=Outcome.LOCKED,
            message=f"{holder}, which {ends}",
            retry_after=min(max(wait, _SHORTEST_RETRY_S), self._terms.on_idle),
        )

    async def _send(self, turn: _Turn) -> Result:
        found = await self._record.begin(self._request.timeout)
        if found is not None:
            return await self._of_other_copy(found)
        self._request_is_out = True
        await self._mark_day(None)
        ours = {"Idempotency-Key": self._terms.attempt_id, **turn.headers}
        names = {name.lower() for name in ours}
        theirs = {k: v for k, v in self._request.headers.items() if k.lower() not in names}
        result = await call(
            replace(self._request, headers=theirs | ours), self._log, deadline=turn.deadline
        )
        self.outcome_logged = True
        await _see_through(self._finish(result))
        return result

    async def _of_other_copy(self, found: Found) -> Result:
        if isinstance(found, InFlight):
            self._log.warning(
                "%s: an earlier copy of this attempt has sent the request; waiting for its result",
                clean(self._request.service),
            )
            found = await self._record.wait_out(found)
        await _see_through(self._tidy(found.outcome))
        return found

    async def _finish(self, result: Result) -> None:
        await self._spare(lambda: self._record.complete(result), "the result was not recorded")
        await self._tidy(result.outcome)

    async def _tidy(self, outcome: Outcome) -> None:
        await self._mark_day(outcome)
        if self._terms.lock:
            await self._spare(self._lock.release, "the lock was not released")

    async def _mark_day(self, outcome: Outcome | None) -> None:
        if self._day:
            day = self._day
            await self._spare(lambda: day.set(outcome), "the day was not marked as executed")

    async def _spare(self, command: Callable[[], Awaitable[object]], consequence: str) -> None:
        """Run a command whose failure must not change the outcome."""
        try:
            await command()
        except UNREACHABLE as error:
            self._log.warning(
                "%s: %s; %s",
                clean(self._request.service),
                unreachable(self._redis, error),
                consequence,
            )


async def _see_through(work: Coroutine[object, object, None]) -> None:
    """Finish what must not be left half done, also when cancelled; Redis' timeouts bound it."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


def _log_frames(error: Exception, log: Log) -> None:
    """Log where something broke, without the exception's own text: it may quote a value."""
    for frame in traceback.extract_tb(error.__traceback__):
        log.error("  at %s:%s in %s", frame.filename, frame.lineno, frame.name)
