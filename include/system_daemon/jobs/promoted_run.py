"""One attempt at a promoted job: what its DAG run does, without Airflow."""

from __future__ import annotations

import asyncio
import dataclasses
from dataclasses import dataclass
from typing import assert_never

from system_daemon.jobs.doors import Doors
from system_daemon.jobs.failed import FailedList, NotInFailedError
from system_daemon.jobs.payload import Job
from system_daemon.jobs.queue import JobQueue
from system_daemon.jobs.routes import missing
from system_daemon.jobs.verdict import Done, Failed, Verdict, Wait
from system_daemon.services.log_lines import Log, clean

PROMOTED_DAG = "background_job"
"""Its runs do so."""
ARRIVAL_S = 10.0
"""The run is created before the payload is moved to it; so long it may be on its way."""
_LOOK_S = 0.2
LONGEST_WAIT_S = 6 * 3600.0
"""How long one attempt heeds a target that asks for pauses, an hour at a time at most."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The job lies neither among the promoted nor among the failed ones."""

    job_id: str

    def __str__(self) -> str:
        return (
            f"job {clean(self.job_id, 100)} is neither promoted nor failed: it was done, discarded"
            " or put back into its queue meanwhile; there is nothing to do"
        )


@dataclass(frozen=True, slots=True)
class Buried:
    """The job went to Resque's failed list."""

    reason: str
    """A sentence that quotes nothing of the job."""


Ended = Done | Failed | Buried | Gone


def result_of(ended: Ended) -> str | None:
    """The metric that counts such an end, as for jobs of a shift; None for nothing."""
    match ended:
        case Done():
            return "done"
        case Failed():
            return "failed"
        case Buried():
            return "buried"
        case Gone():
            return None
        case _:
            assert_never(ended)


async def run_promoted(
    queue: JobQueue,
    failed: FailedList,
    doors: Doors,
    job_id: str,
    *,
    attempt: int,
    last: bool,
    log: Log,
) -> Ended:
    """Make one attempt, and end the job where it succeeded or this was the last one.

    Args:
        queue: the job's queue.
        failed: the failed list, from where a person may run a job again.
        doors: what happens to each class.
        job_id: which job.
        attempt: 1 at the first attempt of this run.
        last: a failure buries the job.
        log: the task's log.

    Raises:
        WrongQueueError: the failed job is of another queue.
    """
    job = await _find(queue, failed, job_id)
    if job is None:
        return Gone(job_id)
    door = doors.find(job.job_class)
    if door.handle is None:
        return await _bury(queue, job, "NoRoute", missing(job.job_class))
    before = 0 if door.at_once else 1  # elsewhere it was tried before it got the run
    numbered = dataclasses.replace(job, attempt=job.attempt - 1 + before + attempt)
    verdict: Verdict = await door.handle(numbered)
    waited = 0.0
    while isinstance(verdict, Wait) and waited + verdict.pause <= LONGEST_WAIT_S:
        log.info("waits %g s: %s", verdict.pause, verdict.reason)
        await asyncio.sleep(verdict.pause)
        waited += verdict.pause
        verdict = await door.handle(numbered)
    if isinstance(verdict, Wait):
        verdict = Failed(exception="Busy", reason=verdict.reason)
    match verdict:
        case Done():
            await queue.finish_promoted(job_id)
            return verdict
        case Failed():
            if last:
                return await _bury(queue, job, verdict.exception, verdict.reason)
            return verdict
        case _:
            assert_never(verdict)


async def _find(queue: JobQueue, failed: FailedList, job_id: str) -> Job | None:
    job = await queue.promoted(job_id)
    if job is not None:
        return job
    try:
        return await failed.promote(job_id, queue=queue.queue)
    except NotInFailedError:
        pass
    for _ in range(round(ARRIVAL_S / _LOOK_S)):
        await asyncio.sleep(_LOOK_S)
        if (job := await queue.promoted(job_id)) is not None:
            return job
    return None


async def _bury(queue: JobQueue, job: Job, exception: str, reason: str) -> Buried:
    await queue.bury_promoted(job.id, exception=exception, error=reason)
    return Buried(reason)
