"""Acknowledgements in batches: while one batch is on its way, the next one gathers.

A worker waits until its job's batch has arrived before it begins another job. So never more jobs
than ``concurrency`` are begun and not acknowledged, which is what a killed process may double.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from system_daemon.jobs.payload import Job
from system_daemon.jobs.shift import Shift
from system_daemon.redis_client import UNREACHABLE
from system_daemon.services.log_lines import Log

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 2.0
GIVE_UP_S = 300.0
"""Longer than a claim's: a job that is done and not acknowledged would run once more."""
_GATHER_S = 0.002
_ENOUGH = 64
"""A batch of so many, or of a quarter of the workers, goes at once; a smaller one waits a little
for company."""


class Acks:
    """The acknowledgements of one consumer."""

    def __init__(
        self,
        ack: Callable[[Sequence[Job]], Awaitable[list[str]]],
        shift: Shift,
        log: Log,
        *,
        concurrency: int,
    ) -> None:
        self._ack = ack
        self._shift = shift
        self._log = log
        self._enough = min(_ENOUGH, concurrency // 4)
        self._pending: list[Job] = []
        self._arrived: asyncio.Future[None] | None = None
        self._wanted = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    def add(self, job: Job) -> asyncio.Future[None]:
        """Acknowledge the job with the next batch; the future is done when that has arrived."""
        self._pending.append(job)
        if self._arrived is None:
            loop = asyncio.get_running_loop()
            self._arrived = loop.create_future()
            self._empty.clear()
            loop.call_later(_GATHER_S, self._wanted.set)
        if len(self._pending) >= self._enough:
            self._wanted.set()
        return self._arrived

    async def flushed(self) -> None:
        """Wait until every acknowledgement has arrived."""
        await self._empty.wait()

    async def run(self) -> None:
        """Send batches until cancelled.

        Raises:
            RedisError: Redis has not answered for minutes.
            OSError: there has been no connection to it for minutes.
        """
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            if not self._pending:
                continue
            batch, self._pending = self._pending, []
            arrived, self._arrived = self._arrived, None
            await self._send(batch)
            if arrived is not None and not arrived.done():  # cut off workers cancel it
                arrived.set_result(None)
            if self._arrived is None:
                self._empty.set()

    async def _send(self, batch: list[Job]) -> None:
        pause, repeated = _FIRST_PAUSE_S, False
        give_up = time.monotonic() + GIVE_UP_S
        while True:
            try:
                accepted = await self._ack(batch)
            except UNREACHABLE as error:
                if not repeated:
                    self._log.warning(
                        "%d finished jobs could not be acknowledged (%s); trying again",
                        len(batch),
                        type(error).__name__,
                    )
                repeated = True
                if time.monotonic() > give_up:
                    raise
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_S)
                continue
            break
        # After a lost reply nobody knows which ones the first time had acknowledged.
        late = 0 if repeated else len(batch) - len(accepted)
        self._shift.acked += len(batch) - late
        self._shift.late += late
        if late:
            self._log.warning(
                "%d jobs were acknowledged too late: another consumer had been given them", late
            )
