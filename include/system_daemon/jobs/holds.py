"""Held routes: their jobs go back to the queue in order, the others go on.

While a route is held, claims pass its jobs over where they lie. When its time is over, one job is
claimed and tried; the next attempts follow only when that one succeeded.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from system_daemon.jobs.choice import EVERY, Choice
from system_daemon.jobs.claims import Claims
from system_daemon.jobs.door import Door
from system_daemon.jobs.doors import Doors
from system_daemon.jobs.in_flight import InFlight
from system_daemon.jobs.payload import Job
from system_daemon.jobs.queue import JobQueue
from system_daemon.jobs.shift import Shift
from system_daemon.redis_client import UNREACHABLE
from system_daemon.services.log_lines import Log

_AGAIN_S = 1.0
"""Before another try to give jobs back that Redis did not take."""
_LEARN_S = 0.1
"""How often a queue with a held route is searched for classes that have not come before, or for a
job to try."""


class Holds:
    """The held routes of one consumer."""

    def __init__(
        self,
        queue: JobQueue,
        doors: Doors,
        in_flight: InFlight,
        claims: Claims,
        shift: Shift,
        log: Log,
    ) -> None:
        self._queue = queue
        self._doors = doors
        self._in_flight = in_flight
        self._claims = claims
        self._shift = shift
        self._log = log
        self._clock = doors.clock
        self._shut: set[Door] = set()
        self._trials: dict[Door, int] = {}
        self._return_at = self._learn_at = self._try_at = 0.0

    @property
    def searching(self) -> bool:
        """Whether claims pass jobs over, which takes Redis a while."""
        return any(door.barred for door in self._doors.all())

    @property
    def any(self) -> bool:
        """Whether a route is held: the shift stays, because a new one would have to find out."""
        return any(door.shut for door in self._doors.all())

    async def choice(self) -> Choice:
        """What a claim may bring now; while a route is held, nothing whose route is not known."""
        if not self.searching:
            return EVERY
        if self._clock() >= self._learn_at:
            self._learn_at = self._clock() + _LEARN_S
            with suppress(*UNREACHABLE):  # the claim will say so
                for name in await self._queue.classes():
                    self._doors.find(name)
        return Choice(self._doors.open_classes(), unreadable=True)

    async def attend(self, stop: asyncio.Event) -> None:
        """Tell of routes that are held now, give their jobs back, try one where it is time."""
        self._tell()
        if self._in_flight.held() and self._clock() >= self._return_at:
            await self.give_back(self._settled())
        for door in self._doors.all():
            if door.shut and self._clock() >= door.until:
                door.probe()
                self._shut.discard(door)
            if door.breaker.half_open and not door.shut:
                await self._try_one(door, stop)

    async def give_back(self, held: dict[int, Job]) -> bool:
        """Put held jobs back to the head of the queue; False while Redis does not take them."""
        if not held:
            return True
        try:
            self._shift.given_back += await self._queue.give_back(list(held.values()))
        except UNREACHABLE as error:
            kind = type(error).__name__
            self._log.warning("%d jobs could not be given back (%s)", len(held), kind)
            self._return_at = self._clock() + _AGAIN_S
            return False
        self._in_flight.gone_back(held)
        return True

    def _tell(self) -> None:
        shut = {door for door in self._doors.all() if door.shut}
        for door in shut - self._shut:
            self._shift.holds += 1
            self._log.warning(
                "the route to %s is left alone for %.1f s; its jobs wait in the queue",
                door.target,
                max(door.until - self._clock(), 0),
            )
        self._shut = shut

    def _settled(self) -> dict[int, Job]:
        """The held jobs that no running one of their route may have to go back in front of."""
        waits: dict[Door, bool] = {}
        settled = {}
        for number, job in self._in_flight.held().items():
            door = self._doors.find(job.job_class)
            if door not in waits:
                waits[door] = (
                    door.shut
                    and self._clock() < door.until
                    and self._in_flight.runs(lambda each, at=door: self._goes_to(each, at))  # type: ignore[misc]
                )
            if not waits[door]:
                settled[number] = job
        return settled

    def _goes_to(self, job: Job, door: Door) -> bool:
        return self._doors.find(job.job_class) is door

    async def _try_one(self, door: Door, stop: asyncio.Event) -> None:
        trial = self._trials.get(door)
        if (trial is not None and self._in_flight.owes(trial)) or self._clock() < self._try_at:
            return
        if any(self._goes_to(job, door) for job in self._in_flight.held().values()):
            return
        only = Choice(self._doors.classes(door))
        numbers = self._in_flight.add(await self._claims.take(1, stop, only))
        if numbers:
            self._trials[door] = numbers[0]
        else:
            self._try_at = self._clock() + _LEARN_S
