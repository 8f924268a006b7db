"""Promoted jobs whose run was deleted, or marked as ended: they are found and can be run again."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from system_daemon.jobs.abandoned import SENTENCE, bury_abandoned
from system_daemon.jobs.failed import FailedList
from system_daemon.jobs.queue import JobQueue
from tests.integration.jobs.crew import Crew, php


class Runs:
    """The runs that have not ended, by the ids of the jobs that they are named after."""

    def __init__(self, *names: str) -> None:
        self.names = set(names)
        self.questions = 0

    async def under_way(self, job_ids: Sequence[str] | None) -> int:
        self.questions += 1
        return len(self.names if job_ids is None else self.names & set(job_ids))


async def _promote(crew: Crew, consumer: JobQueue, *numbers: int) -> list[str]:
    await crew.push(*map(php, numbers), queue=consumer.queue)
    jobs = (await consumer.claim(str(numbers[0]), len(numbers))).jobs
    for job in jobs:
        assert await consumer.promote(job)
    return [job.id for job in jobs]


async def _bury(crew: Crew, runs: Runs, *queues: str) -> list[str]:
    return await bury_abandoned(
        crew.redis, queues, namespace="resque", worker="host:1:q", under_way=runs.under_way
    )


async def _end(consumer: JobQueue, *job_ids: str) -> None:
    for job_id in job_ids:
        await consumer.finish_promoted(job_id)


async def test_a_job_whose_run_was_deleted_goes_to_the_failed_list_and_can_be_retried(
    crew: Crew, consumer: JobQueue
) -> None:
    kept, gone = await _promote(crew, consumer, 1, 2)
    assert await _bury(crew, Runs(kept), "q") == [gone]
    (item,) = await crew.failed()
    assert (item["exception"], item["error"], item["worker"], item["queue"]) == (
        "Abandoned",
        SENTENCE,
        "host:1:q",
        "q",
    )
    assert await consumer.promoted(kept)
    assert await consumer.promoted(gone) is None
    await FailedList(crew.redis, namespace="resque").retry(gone)
    (again,) = (await consumer.claim("again", 1)).jobs
    assert again.id == gone
    await consumer.ack([again])
    await _end(consumer, kept)


async def test_a_few_questions_find_one_of_many(crew: Crew, consumer: JobQueue) -> None:
    ids = await _promote(crew, consumer, *range(200))
    runs = Runs(*ids)
    assert await _bury(crew, runs, "q") == []
    assert runs.questions == 5
    runs.names.remove(ids[117])
    assert await _bury(crew, runs, "q") == [ids[117]]
    assert runs.questions < 25
    await _end(consumer, *ids)


async def test_without_promoted_jobs_nobody_is_asked(crew: Crew) -> None:
    runs = Runs()
    assert await _bury(crew, runs, "q") == []
    assert runs.questions == 0


@pytest.mark.parametrize("name", ["manual__2026-11-28", "job__whose_payload_is_on_its_way"])
async def test_while_a_run_may_be_at_work_on_any_of_them_nothing_is_judged(
    crew: Crew, consumer: JobQueue, name: str
) -> None:
    (job_id,) = await _promote(crew, consumer, 1)
    runs = Runs(name)
    assert await _bury(crew, runs, "q") == []
    assert await consumer.promoted(job_id)
    runs.names.clear()
    assert await _bury(crew, runs, "q") == [job_id]


async def test_runs_that_work_on_the_jobs_of_other_queues_are_known(
    crew: Crew, consumer: JobQueue
) -> None:
    (gone,) = await _promote(crew, consumer, 1)
    elsewhere = crew.consumer("other")
    (kept,) = await _promote(crew, elsewhere, 2)
    runs = Runs(kept)
    assert await _bury(crew, runs, "q") == [], "it may work on this one"
    assert await _bury(crew, runs, "q", "other") == [gone]
    await _end(elsewhere, kept)


async def test_a_job_that_ends_while_airflow_is_asked_is_not_buried(
    crew: Crew, consumer: JobQueue
) -> None:
    (job_id,) = await _promote(crew, consumer, 1)

    class Ending(Runs):
        async def under_way(self, job_ids: Sequence[str] | None) -> int:
            await consumer.finish_promoted(job_id)
            return await super().under_way(job_ids)

    assert await _bury(crew, Ending(), "q") == []
    assert await crew.failed() == []
