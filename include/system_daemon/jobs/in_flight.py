"""The jobs that a consumer has claimed and still owes: waiting, running, or held for return.

Each has a number in the order of the queue, so that what goes back goes back in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from system_daemon.jobs.payload import Job


class InFlight:
    """The claimed jobs of one consumer."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[tuple[int, Job]] = asyncio.Queue()
        self._running: dict[int, Job] = {}
        self._held: dict[int, Job] = {}
        self._numbered = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self.finished = 0
        """How many jobs are no longer owed, given back ones aside."""

    @property
    def waiting(self) -> int:
        """How many jobs wait for a worker."""
        return self._waiting.qsize()

    @property
    def running(self) -> int:
        """How many jobs a worker is at."""
        return len(self._running)

    def add(self, jobs: Iterable[Job]) -> None:
        """Take in claimed jobs, in the order of the queue."""
        for job in jobs:
            self._quiet.clear()
            self._numbered += 1
            self._waiting.put_nowait((self._numbered, job))

    async def begin(self) -> tuple[int, Job]:
        """The next job, once there is one."""
        number, job = await self._waiting.get()
        self._running[number] = job
        return number, job

    def finish(self, number: int) -> None:
        """The job is done, promoted or buried."""
        del self._running[number]
        self.finished += 1
        self._settle()

    def hold(self, number: int) -> None:
        """The job goes back with the next return."""
        self._held[number] = self._running.pop(number)
        self._settle()

    def hold_waiting(self) -> None:
        """No job begins any more until others are added; those that wait are held."""
        while not self._waiting.empty():
            number, job = self._waiting.get_nowait()
            self._held[number] = job
        self._settle()

    async def quiet(self, seconds: float) -> bool:
        """Wait until no job waits or runs, at the longest so many seconds; whether that came."""
        try:
            async with asyncio.timeout(seconds):
                await self._quiet.wait()
        except TimeoutError:
            return False
        return True

    def take_held(self, *, running: bool = False) -> list[Job]:
        """The jobs that are held, in order; they are then no longer owed.

        Args:
            running: Those too that no worker is at any more, because it was cut off.
        """
        held, self._held = self._held, {}
        if running:
            held |= self._running
            self._running = {}
            self._quiet.set()
        return [held[number] for number in sorted(held)]

    def _settle(self) -> None:
        if not self._running and self._waiting.empty():
            self._quiet.set()
