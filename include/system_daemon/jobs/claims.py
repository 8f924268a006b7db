"""Claims: how many jobs to take next, and taking them although a reply may be lost."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence

from system_daemon.jobs.choice import EVERY, Choice
from system_daemon.jobs.claimed import Claimed
from system_daemon.jobs.payload import Job
from system_daemon.jobs.queue import JobQueue
from system_daemon.jobs.shift import Shift
from system_daemon.redis_client import UNREACHABLE
from system_daemon.services.log_lines import Log

AHEAD_S = 0.1
"""Jobs are claimed ahead for this long: fast ones in hundreds, slow ones not at all."""
_MOST_AHEAD = 1024
_GIVE_UP_S = 60.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 2.0
_MEASURED_S = 0.05


class Claims:
    """The claims of one consumer."""

    def __init__(
        self, queue: JobQueue, shift: Shift, log: Log, *, clock: Callable[[], float]
    ) -> None:
        self._queue = queue
        self._shift = shift
        self._log = log
        self._clock = clock
        self._since = clock()
        self._finished = 0
        self._per_second = 0.0
        self.ahead = 0
        """How many jobs to hold besides those that run."""

    def measure(self, finished: int) -> None:
        """Adapt to the pace; ``finished`` counts from the start of the shift."""
        now = self._clock()
        if (elapsed := now - self._since) < _MEASURED_S:
            return
        pace = (finished - self._finished) / elapsed
        self._per_second = (self._per_second + pace) / 2
        self.ahead = min(int(self._per_second * AHEAD_S), _MOST_AHEAD)
        self._since, self._finished = now, finished

    async def take(self, count: int, stop: asyncio.Event, choice: Choice = EVERY) -> Sequence[Job]:
        """Claim up to ``count`` jobs, none only if there are none or the queue must be left alone.

        A claim whose reply was lost is repeated, not doubled.

        Raises:
            RedisError: Redis has not answered for a minute.
            OSError: there has been no connection for a minute.
        """
        while True:
            claimed = await self._claim(count, stop, choice)
            self._shift.claimed += len(claimed.jobs)
            self._shift.buried += claimed.buried
            if claimed.jobs or not claimed.buried:
                return claimed.jobs

    async def _claim(self, count: int, stop: asyncio.Event, choice: Choice) -> Claimed:
        claim_id = secrets.token_hex(8)
        pause, give_up = _FIRST_PAUSE_S, self._clock() + _GIVE_UP_S
        while True:
            try:
                return await self._queue.claim(claim_id, count, choice)
            except UNREACHABLE as error:
                if pause == _FIRST_PAUSE_S:
                    self._log.warning(
                        "Redis did not answer a claim (%s); trying again", type(error).__name__
                    )
                if stop.is_set() or self._clock() > give_up:
                    raise
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_S)
