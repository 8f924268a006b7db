"""The consumer: one process that takes jobs from a queue and runs them until none is left.

A fixed number of workers runs jobs; one loop supplies them. Jobs are claimed a little ahead of
need, acknowledged in batches, and never dropped: what is neither done, promoted nor buried at the
end of a shift goes back to the head of the queue, in order. A part that breaks ends the shift.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from system_daemon.configuration.background_jobs import Queue
from system_daemon.jobs.acks import Acks
from system_daemon.jobs.claims import Claims
from system_daemon.jobs.doors import Doors
from system_daemon.jobs.ending import Ending
from system_daemon.jobs.holds import Holds
from system_daemon.jobs.in_flight import InFlight
from system_daemon.jobs.payload import Job
from system_daemon.jobs.queue import JobQueue
from system_daemon.jobs.runs import Promote, Runs
from system_daemon.jobs.shift import Shift
from system_daemon.jobs.stop import Stop
from system_daemon.redis_client import UNREACHABLE
from system_daemon.services.log_lines import Log

BEAT_S = 20.0
"""A consumer that has not been heard of for 60 s counts as dead."""
SHORTEST_POLL_S, LONGEST_POLL_S = 0.002, 0.012
"""How often an empty queue is asked while lingering: a new job starts within a few milliseconds."""
_HELD_POLL_S = 0.1
"""The same while a route is held: such a claim looks through the jobs that it passes over."""
_LOOK_S = 1.0
_FAREWELL_S = 5.0


async def work(
    queue: JobQueue,
    settings: Queue,
    doors: Doors,
    promote: Promote,
    *,
    stop: Stop,
    log: Log,
    shift: Shift | None = None,
) -> Shift:
    """Serve a queue until it was empty for ``linger`` seconds, is paused, or asked to stop.

    After ``max_shift`` seconds the shift ends as soon as its jobs allow.

    Args:
        queue: The queue in Redis, for this consumer.
        settings: The queue's configuration.
        doors: What happens to the jobs of each class.
        promote: Gives a job a DAG run of its own.
        stop: Asks the shift to end.
        log: Receives sentences that name ids and classes, never arguments.
        shift: Where to count, for somebody who watches; it is what is returned.

    Raises:
        RedisError: Redis has not answered for a minute.
        OSError: there has been no connection to it for a minute.
        RouteDownError: a route has been down for minutes; everything else was served meanwhile.
    """
    await queue.start()
    doors.suspects = await queue.held_targets()
    return await _Consumer(
        queue,
        settings,
        doors,
        promote,
        stop=stop,
        log=log,
        shift=Shift() if shift is None else shift,
    ).run()


class _Consumer:
    """One shift."""

    def __init__(
        self,
        queue: JobQueue,
        settings: Queue,
        doors: Doors,
        promote: Promote,
        *,
        stop: Stop,
        log: Log,
        shift: Shift,
    ) -> None:
        self._queue = queue
        self._settings = settings
        self._stop = stop
        self._log = log
        self._clock = doors.clock
        self._shift = shift
        self._in_flight = InFlight()
        self._claims = Claims(queue, self._shift, log, clock=self._clock)
        self._acks = Acks(self._ack, self._shift, log, concurrency=settings.concurrency)
        self._holds = Holds(queue, doors, self._in_flight, self._claims, self._shift, log)
        self._ending = Ending(doors, longest=settings.max_shift)
        self._doors = doors
        self._runs = Runs(
            queue,
            doors,
            self._in_flight,
            self._acks,
            promote,
            self._shift,
            log,
            max_attempts=settings.max_attempts,
        )
        self._next_look = self._clock()
        self._left = asyncio.Event()

    async def run(self) -> Shift:
        supply = asyncio.create_task(self._supply(), name="supply")
        beat = asyncio.create_task(self._beat(), name="heartbeat")
        acks = asyncio.create_task(self._acks.run(), name="acks")
        stopping = asyncio.create_task(self._watch_stop(), name="stop")
        workers = [
            asyncio.create_task(self._runs.serve(), name=f"worker {number}")
            for number in range(self._settings.concurrency)
        ]
        parts = (supply, beat, acks, *workers)
        at_ease = False
        try:
            # The supply ends the shift; any other part that ends is broken.
            await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            for part in parts:
                if part.done():
                    part.result()
            at_ease = True
        finally:
            supply.cancel()
            await self._leave(workers, beat, at_ease=at_ease)
            for task in (supply, acks, stopping):
                task.cancel()
            await asyncio.gather(supply, acks, stopping, return_exceptions=True)
        trouble = self._ending.trouble()
        if trouble is not None and not self._stop.asked:
            raise trouble
        return self._shift

    async def _supply(self) -> None:
        """Keep the workers busy until the shift is over."""
        wanted, holds = self._runs.wanted, self._holds
        pause = SHORTEST_POLL_S
        last_job = self._clock()
        while not await self._over():
            await holds.attend(self._stop.hurry)
            count = self._needed()
            if count <= 0:
                wanted.clear()
                await _within(_HELD_POLL_S if holds.searching else _LOOK_S, wanted)
                continue
            jobs = await self._claims.take(count, self._stop.hurry, await holds.choice())
            self._in_flight.add(jobs, held=self._doors.is_barred if holds.searching else None)
            if len(jobs) == count:
                await asyncio.sleep(0)
                continue
            # The queue is empty, or nearly so, or the rest of it is held.
            if jobs or self._runs.busy or holds.any:
                last_job = self._clock()
            elif self._clock() - last_job >= self._settings.linger:
                return
            longest = _HELD_POLL_S if holds.searching else LONGEST_POLL_S
            pause = SHORTEST_POLL_S if jobs else min(1.5 * pause, longest)
            await asyncio.sleep(pause)

    def _needed(self) -> int:
        """How many jobs to claim now: for idle workers, and ahead for those who will be soon."""
        self._claims.measure(self._in_flight.finished)
        idle = self._settings.concurrency - self._runs.busy
        ahead = self._claims.ahead
        waiting = self._in_flight.waiting
        self._runs.low = ahead // 2
        return 0 if waiting - idle > ahead // 2 else idle + ahead - waiting

    async def _over(self) -> bool:
        if self._stop.asked:
            return True
        if self._clock() >= self._next_look:
            self._next_look = self._clock() + _LOOK_S
            await self._look()
        return self._stop.asked or (self._ending.due() and await self._rested())

    async def _look(self) -> None:
        try:
            look = await self._queue.look()
            if look.dead:
                await self._reap()
        except UNREACHABLE:
            return  # the next claim will say so
        if look.paused:
            self._log.info("all workers are paused: the shift ends")
            self._stop.rest.set()

    async def _rested(self) -> bool:
        """Whether the shift came to rest within its patience, with nothing new begun."""
        self._in_flight.hold_waiting()
        give_up = self._clock() + self._ending.patience
        while not await self._in_flight.quiet(min(_LOOK_S, self._ending.patience)):
            if self._stop.asked:
                return True
            if self._clock() >= give_up:
                self._ending.failed_to_rest()
                return False
        self._log.info("the shift ends so that another one begins afresh")
        return True

    async def _reap(self) -> None:
        reaped = await self._queue.reap()
        if reaped is not None and reaped.consumers:
            self._shift.reaped += reaped.given_back
            self._log.warning(
                "%d dead consumers were reaped: %d jobs given back, %d buried",
                reaped.consumers,
                reaped.given_back,
                reaped.buried,
            )

    async def _ack(self, jobs: Sequence[Job]) -> list[str]:
        accepted = await self._queue.ack(jobs)
        if len(accepted) < len(jobs):
            # This process was taken for dead: what waits here is in other hands, too.
            self._in_flight.hold_waiting()
            self._runs.wanted.set()
        return accepted

    async def _leave(
        self, workers: Sequence[asyncio.Task[None]], beat: asyncio.Task[None], *, at_ease: bool
    ) -> None:
        """Finish what runs, give the rest back, tell Redis what is done."""
        self._in_flight.hold_waiting()
        while at_ease and not self._stop.hurry.is_set():
            if await self._in_flight.quiet(_LOOK_S):
                break
        self._runs.halt.set()
        if not await self._in_flight.quiet(self._stop.grace):
            self._log.warning(
                "%d jobs did not finish within %g s and are cut off",
                self._in_flight.running,
                self._stop.grace,
            )
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        self._in_flight.cut_off()
        await self._holds.give_back(self._in_flight.held())
        try:
            async with asyncio.timeout(_FAREWELL_S):
                await self._acks.flushed()
                await self._queue.remember_held(self._doors.held_targets())
                # A beat on its way would register the consumer again.
                self._left.set()
                await asyncio.gather(beat, return_exceptions=True)
                await self._queue.stop()
        except (*UNREACHABLE, TimeoutError) as error:
            self._log.warning(
                "Redis did not take the end of the shift (%s); what it does not know as done runs"
                " again",
                type(error).__name__,
            )

    async def _beat(self) -> None:
        while True:
            await _within(BEAT_S, self._left)
            if self._left.is_set():
                return
            try:
                await self._queue.beat()
            except UNREACHABLE as error:
                self._log.warning("Redis did not take the heartbeat (%s)", type(error).__name__)

    async def _watch_stop(self) -> None:
        await self._stop.hurry.wait()
        self._runs.halt.set()
        self._runs.wanted.set()


async def _within(seconds: float, event: asyncio.Event) -> None:
    """Wait for the event, at the longest so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
