"""Promoted jobs on which no run works any more: a person deleted the run, or marked it as ended.

Nobody would ever look at their payloads again. They go to Resque's failed list, where they are seen
and can be run again; none is run unasked, because whoever ended its run may have meant just that.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence

from redis.asyncio import Redis

from system_daemon.jobs.keys import Keys, with_colon
from system_daemon.jobs.promoted import PromotedJobs

UnderWay = Callable[[Sequence[str] | None], Awaitable[int]]
"""How many runs have not ended: of the jobs with these ids, or with None, of any job."""

EXCEPTION = "Abandoned"
SENTENCE = (
    "its run was deleted, or marked as ended, before the job had ended; retry the job or discard it"
)
_TOGETHER = 50
"""Ids in one question: they travel in the address of a request."""


async def bury_abandoned(
    redis: Redis, queues: Iterable[str], *, namespace: str, worker: str, under_way: UnderWay
) -> list[str]:
    """Bury the promoted jobs that have no run; their ids.

    A run that a person triggered works on a job without being named after it: while there is one,
    and while there is a run whose payload has not come yet, nothing is judged.

    Args:
        redis: its client must not decode replies.
        queues: all that there are, because runs of one DAG work on the jobs of all.
        namespace: of all keys.
        worker: who buries, as resque-web shows it.
        under_way: asks Airflow; what it raises is passed on.

    Raises:
        RedisError: Redis refused.
        OSError: no connection to it.
    """
    keys = Keys(with_colon(namespace))
    homes = {
        job_id: promoted
        for queue in queues
        for promoted in [PromotedJobs(redis, keys, queue)]
        for job_id in await promoted.ids()
    }
    if not homes:
        return []
    every = await under_way(None)
    without = [
        job_id
        for first in range(0, len(homes), _TOGETHER)
        for job_id in await _without(list(homes)[first : first + _TOGETHER], under_way)
    ]
    if every > len(homes) - len(without):
        return []
    return [
        job_id
        for job_id in without
        if await homes[job_id].bury(job_id, exception=EXCEPTION, error=SENTENCE, worker=worker)
    ]


async def _without(job_ids: list[str], under_way: UnderWay) -> list[str]:
    """Those of the jobs that have no run, found by halves."""
    if await under_way(job_ids) == len(job_ids):
        return []
    if len(job_ids) == 1:
        return job_ids
    middle = len(job_ids) // 2
    return [
        *await _without(job_ids[:middle], under_way),
        *await _without(job_ids[middle:], under_way),
    ]
