"""Running one job after another: attempts in quick succession, then the ways out."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from typing import assert_never

from system_daemon.jobs.acks import Acks
from system_daemon.jobs.door import Door
from system_daemon.jobs.doors import Doors
from system_daemon.jobs.in_flight import InFlight
from system_daemon.jobs.payload import Job
from system_daemon.jobs.queue import JobQueue
from system_daemon.jobs.routes import missing
from system_daemon.jobs.shift import Shift
from system_daemon.jobs.verdict import DONE, Done, Failed, Handler, Verdict, Wait, told, unexpected
from system_daemon.services.log_lines import Log, clean

Promote = Callable[[Job], Awaitable[object]]
"""Gives the job a DAG run of its own, once per job id, and moves its payload to where that finds
it; raises when Airflow or Redis did not take it."""
_FIRST_RETRY_S, _LONGEST_RETRY_S = 0.1, 2.0


class Runs:
    """What the workers of one consumer share."""

    def __init__(
        self,
        queue: JobQueue,
        doors: Doors,
        in_flight: InFlight,
        acks: Acks,
        promote: Promote,
        shift: Shift,
        log: Log,
        *,
        max_attempts: int,
    ) -> None:
        self._queue = queue
        self._doors = doors
        self._in_flight = in_flight
        self._acks = acks
        self._promote = promote
        self._shift = shift
        self._log = log
        self._max_attempts = max_attempts
        self.busy = 0
        """How many workers have a job whose end is not yet known in Redis."""
        self.wanted = asyncio.Event()
        """Set when a worker may need another job, or a route is held."""
        self.low = 0
        """With this many waiting jobs or less, more are wanted."""
        self.halt = asyncio.Event()
        """While set, no failed job is tried again: it is held, as those of a held route are."""

    async def serve(self) -> None:
        """One worker, until cancelled."""
        in_flight = self._in_flight
        while True:
            number, job = await in_flight.begin()
            self.busy += 1
            try:
                door = self._doors.find(job.job_class)
                if door.handle is None:
                    await self._bury(number, job, door)
                    continue
                if door.at_once:
                    await self._promote_now(number, job, door)
                    continue
                try:
                    verdict = await door.handle(job)
                except Exception as error:  # a handler raises nothing, or fails this job alone
                    verdict = unexpected(error)
                if verdict is DONE:
                    door.breaker.succeeded()
                    arrived = self._acks.add(job)
                    in_flight.finish(number)
                    await arrived
                else:
                    await self._after(verdict, number, job, door, door.handle)
            finally:
                self.busy -= 1
                if in_flight.waiting <= self.low:
                    self.wanted.set()

    async def _after(
        self, verdict: Verdict, number: int, job: Job, door: Door, handle: Handler
    ) -> None:
        """Everything but a success at the first attempt."""
        attempt = 1
        while True:
            match verdict:
                case Done():
                    door.breaker.succeeded()
                    arrived = self._acks.add(job)
                    self._in_flight.finish(number)
                    await arrived
                    return
                case Wait():
                    door.breaker.wait(verdict.pause)
                    self._tell("must wait %g s: %s", job, verdict.pause, verdict.reason)
                    self._hold(number)
                    return
                case Failed():
                    again = await self._failed(verdict, attempt, number, job, door)
                    if not again:
                        return
                    attempt += 1
                    job = dataclasses.replace(job, attempt=job.attempt + 1)
                    try:
                        verdict = await handle(job)
                    except Exception as error:
                        verdict = unexpected(error)
                case _:
                    assert_never(verdict)

    async def _failed(
        self, verdict: Failed, attempt: int, number: int, job: Job, door: Door
    ) -> bool:
        """Whether the job is to be tried again here."""
        self._shift.failed += 1
        probe = door.breaker.half_open
        door.breaker.failed(verdict.reason)
        self._tell(
            "failed at attempt %d of %d: %s", job, attempt, self._max_attempts, verdict.reason
        )
        if door.shut:
            # One job at the head that fails by its own fault must not hold the others for ever.
            if probe and not verdict.down:
                await self._promote_now(number, job, door)
            else:
                self._hold(number)
            return False
        if attempt >= self._max_attempts:
            await self._promote_now(number, job, door)
            return False
        pause = min(_FIRST_RETRY_S * 2 ** (attempt - 1), _LONGEST_RETRY_S)
        if await self._halted_within(pause) or door.shut:
            self._hold(number)
            return False
        return True

    async def _promote_now(self, number: int, job: Job, door: Door) -> None:
        try:
            await self._promote(job)
        except Exception as error:  # an adapter to Airflow may raise anything
            said = told(error)
            door.leaving.open(f"a job could not get a DAG run of its own: {said}")
            self._tell("could not get a DAG run of its own (%s); it stays in the queue", job, said)
            self._hold(number)
            return
        door.leaving.succeeded()
        self._shift.promoted += 1
        self._in_flight.finish(number)
        self._tell("was given a DAG run of its own (%s)", job, door.target)

    async def _bury(self, number: int, job: Job, door: Door) -> None:
        if self._doors.edited():
            # Its route may be one of the new ones, which only the next shift knows.
            door.leaving.open("the routes were edited")
            self._tell("has no route yet; the routes were edited, it stays in the queue", job)
            self._hold(number)
            return
        sentence = missing(job.job_class)
        try:
            await self._queue.bury(job, exception="NoRoute", error=sentence)
        except Exception as error:  # whatever Redis answers, the job must not be lost
            said = told(error)
            door.leaving.open(f"a job could not be buried: {said}")
            self._tell("could not be buried (%s); it stays in the queue", job, said)
            self._hold(number)
            return
        door.leaving.succeeded()
        self._shift.buried += 1
        self._in_flight.finish(number)
        self._tell("was buried: %s", job, sentence)

    def _hold(self, number: int) -> None:
        self._in_flight.hold(number)
        self._in_flight.hold_waiting(self._doors.is_shut)
        self.wanted.set()

    async def _halted_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self.halt.wait()
        except TimeoutError:
            return False

    def _tell(self, sentence: str, job: Job, *words: object) -> None:
        self._log.warning(
            f"job %s (%s) {sentence}", clean(job.id, 100), clean(job.job_class, 300), *words
        )
