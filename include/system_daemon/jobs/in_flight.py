"""The jobs that a consumer has claimed and still owes: waiting, running, or held for return.

Each has a number in the order of the queue, so that what goes back goes back in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from system_daemon.jobs.payload import Job

Which = Callable[[Job], bool]
"""Says of each job whether it is meant."""


class InFlight:
    """The claimed jobs of one consumer."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[tuple[int, Job]] = asyncio.Queue()
        self._running: dict[int, Job] = {}
        self._held: dict[int, Job] = {}
        self._owed: set[int] = set()
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

    def add(self, jobs: Iterable[Job], *, held: Which | None = None) -> list[int]:
        """Take in claimed jobs, in the order of the queue; their numbers.

        Args:
            jobs: The jobs.
            held: Those that are to go back at once.
        """
        numbers = []
        for job in jobs:
            self._numbered += 1
            numbers.append(self._numbered)
            self._owed.add(self._numbered)
            if held is not None and held(job):
                self._held[self._numbered] = job
                continue
            self._quiet.clear()
            self._waiting.put_nowait((self._numbered, job))
        return numbers

    async def begin(self) -> tuple[int, Job]:
        """The next job, once there is one."""
        number, job = await self._waiting.get()
        self._running[number] = job
        return number, job

    def finish(self, number: int) -> None:
        """The job is done, promoted or buried."""
        del self._running[number]
        self._owed.discard(number)
        self.finished += 1
        self._settle()

    def hold(self, number: int) -> None:
        """The job goes back with the next return."""
        self._held[number] = self._running.pop(number)
        self._settle()

    def hold_waiting(self, which: Which | None = None) -> None:
        """Those of the waiting jobs, or all, do not begin any more: they are held."""
        kept = []
        while not self._waiting.empty():
            number, job = self._waiting.get_nowait()
            if which is None or which(job):
                self._held[number] = job
            else:
                kept.append((number, job))
        for each in kept:
            self._waiting.put_nowait(each)
        self._settle()

    def owes(self, number: int) -> bool:
        """Whether the job with this number has neither ended nor gone back."""
        return number in self._owed

    def runs(self, which: Which) -> bool:
        """Whether a worker is at such a job."""
        return any(which(job) for job in self._running.values())

    async def quiet(self, seconds: float) -> bool:
        """Wait until no job waits or runs, at the longest so many seconds; whether that came."""
        try:
            async with asyncio.timeout(seconds):
                await self._quiet.wait()
        except TimeoutError:
            return False
        return True

    def cut_off(self) -> None:
        """No worker is at a job any more: those that ran are held, too."""
        self._held |= self._running
        self._running = {}
        self._settle()

    def held(self) -> dict[int, Job]:
        """The jobs that are held, by their number in the order of the queue."""
        return {number: self._held[number] for number in sorted(self._held)}

    def gone_back(self, numbers: Iterable[int]) -> None:
        """These held jobs are no longer owed."""
        for number in numbers:
            del self._held[number]
            self._owed.discard(number)

    def _settle(self) -> None:
        if not self._running and self._waiting.empty():
            self._quiet.set()
