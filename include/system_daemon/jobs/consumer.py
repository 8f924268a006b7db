"""The consumer: one process that takes jobs from a queue and runs them until none is left.

A fixed number of workers runs jobs; one loop supplies them. Jobs are claimed a little ahead of
need, acknowledged in batches, and never dropped: what is neither done, promoted nor buried at the
end of a shift goes back to the head of the queue, in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from system_daemon.configuration.background_jobs import Queue
from system_daemon.jobs.acks import Acks
from system_daemon.jobs.claims import Claims
from system_daemon.jobs.doors import Doors
from system_daemon.jobs.in_flight import InFlight
from system_daemon.jobs.payload import Job
from system_daemon.jobs.queue import JobQueue
from system_daemon.jobs.runs import Promote, Runs
from system_daemon.jobs.shift import Shift
from system_daemon.redis_client import UNREACHABLE
from system_daemon.services.log_lines import Log

GRACE_S = 20.0
"""How long running jobs may take to finish after a stop; then they are cut off."""
BEAT_S = 20.0
"""A consumer that has not been heard of for 60 s counts as dead."""
SHORTEST_POLL_S, LONGEST_POLL_S = 0.002, 0.012
"""How often an empty queue is asked while lingering: a new job starts within a few milliseconds."""
_LOOK_S = 1.0
_FAREWELL_S = 5.0


async def work(
    queue: JobQueue,
    settings: Queue,
    doors: Doors,
    promote: Promote,
    *,
    stop: asyncio.Event,
    log: Log,
    shift: Shift | None = None,
    grace: float = GRACE_S,
) -> Shift:
    """Serve a queue until it was empty for ``linger`` seconds, is paused, or ``stop`` is set.

    Args:
        queue: The queue in Redis, for this consumer.
        settings: The queue's configuration.
        doors: What happens to the jobs of each class.
        promote: Gives a job a DAG run of its own.
        stop: Once set: claim nothing more, finish what runs, give the rest back.
        log: Receives sentences that name ids and classes, never arguments.
        shift: Where to count, for somebody who watches; it is what is returned.
        grace: Seconds for what runs after a stop.

    Raises:
        RedisError: Redis has not answered for a minute.
        OSError: there has been no connection to it for a minute.
    """
    await queue.start()
    return await _Consumer(
        queue,
        settings,
        doors,
        promote,
        stop=stop,
        log=log,
        shift=Shift() if shift is None else shift,
        grace=grace,
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
        stop: asyncio.Event,
        log: Log,
        shift: Shift,
        grace: float,
    ) -> None:
        self._queue = queue
        self._settings = settings
        self._doors = doors
        self._stop = stop
        self._log = log
        self._grace = grace
        self._clock = doors.clock
        self._shift = shift
        self._in_flight = InFlight()
        self._claims = Claims(queue, self._shift, log, clock=self._clock)
        self._acks = Acks(self._ack, self._shift, log, concurrency=settings.concurrency)
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
        self._paused = False
        self._reaped = False

    async def run(self) -> Shift:
        background = [
            asyncio.create_task(self._acks.run(), name="acks"),
            asyncio.create_task(self._beat(), name="heartbeat"),
            asyncio.create_task(self._watch_stop(), name="stop"),
        ]
        workers = [
            asyncio.create_task(self._runs.serve(), name=f"worker {number}")
            for number in range(self._settings.concurrency)
        ]
        try:
            await self._supply()
        finally:
            await self._leave(workers)
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)
        return self._shift

    async def _supply(self) -> None:
        """Keep the workers busy until the shift is over."""
        in_flight, wanted = self._in_flight, self._runs.wanted
        pause = SHORTEST_POLL_S
        last_job = self._clock()
        while not await self._over():
            if self._doors.held_until() is not None:
                await self._hold()
                last_job = self._clock()
                continue
            if self._reaped:
                self._reaped = False
                await self._return_held()
                continue
            count = self._needed()
            if count <= 0:
                wanted.clear()
                await _within(_LOOK_S, wanted)
                continue
            jobs = await self._claims.take(count, self._stop)
            in_flight.add(jobs)
            if self._doors.held_until() is not None:
                in_flight.hold_waiting()
                continue
            if len(jobs) == count:
                await asyncio.sleep(0)
                continue
            # The queue is empty, or nearly so.
            if jobs or self._runs.busy:
                last_job = self._clock()
            elif self._clock() - last_job >= self._settings.linger:
                return
            pause = SHORTEST_POLL_S if jobs else min(1.5 * pause, LONGEST_POLL_S)
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
        if self._stop.is_set() or self._paused:
            return True
        if self._clock() >= self._next_look:
            self._next_look = self._clock() + _LOOK_S
            try:
                look = await self._queue.look()
                if look.dead:
                    await self._reap()
            except UNREACHABLE:
                return False  # the next claim will say so
            self._paused = look.paused
            if self._paused:
                self._log.info("all workers are paused: the shift ends")
        return self._paused

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

    async def _hold(self) -> None:
        """Give everything back, leave the queue alone for a while, then try one job."""
        self._shift.holds += 1
        self._runs.halt.set()
        self._in_flight.hold_waiting()
        while not await self._in_flight.quiet(_LOOK_S):
            if await self._over():
                return
        if not await self._return_held():
            return
        until = self._doors.held_until() or self._clock()
        self._log.warning("the queue is left alone for %.1f s", max(until - self._clock(), 0))
        while not await self._over() and (left := until - self._clock()) > 0:
            await _within(min(_LOOK_S, left), self._stop)
        if self._paused or self._stop.is_set():
            return
        self._doors.probe()
        self._runs.halt.clear()
        self._in_flight.add(await self._claims.take(1, self._stop))
        while not await self._in_flight.quiet(_LOOK_S) and not await self._over():
            pass

    async def _return_held(self) -> bool:
        """Give back what is held; False when the shift is over before Redis takes it."""
        held = self._in_flight.take_held()
        while not await self._gave_back(held):
            if await self._over():
                return False
            await _within(_LOOK_S, self._stop)
        return True

    async def _ack(self, jobs: Sequence[Job]) -> list[str]:
        accepted = await self._queue.ack(jobs)
        if len(accepted) < len(jobs):
            # This process was taken for dead: what waits here is in other hands, too.
            self._in_flight.hold_waiting()
            self._reaped = True
            self._runs.wanted.set()
        return accepted

    async def _leave(self, workers: Sequence[asyncio.Task[None]]) -> None:
        """Finish what runs, give the rest back, tell Redis what is done."""
        self._runs.halt.set()
        self._in_flight.hold_waiting()
        if not await self._in_flight.quiet(self._grace):
            self._log.warning(
                "%d jobs did not finish within %g s and are cut off",
                self._in_flight.running,
                self._grace,
            )
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        await self._gave_back(self._in_flight.take_held(running=True))
        try:
            async with asyncio.timeout(_FAREWELL_S):
                await self._acks.flushed()
                await self._queue.stop()
        except (*UNREACHABLE, TimeoutError) as error:
            self._log.warning(
                "Redis did not take the end of the shift (%s); what it does not know as done runs"
                " again",
                type(error).__name__,
            )

    async def _gave_back(self, jobs: Sequence[Job]) -> bool:
        if not jobs:
            return True
        try:
            self._shift.given_back += await self._queue.give_back(jobs)
        except UNREACHABLE as error:
            self._log.warning(
                "%d jobs could not be given back (%s)", len(jobs), type(error).__name__
            )
            return False
        return True

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            try:
                await self._queue.beat()
            except UNREACHABLE as error:
                self._log.warning("Redis did not take the heartbeat (%s)", type(error).__name__)

    async def _watch_stop(self) -> None:
        await self._stop.wait()
        self._runs.halt.set()
        self._runs.wanted.set()


async def _within(seconds: float, event: asyncio.Event) -> None:
    """Wait for the event, at the longest so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
