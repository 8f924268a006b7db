"""What a run of ``background_job`` makes of its job, one attempt at a time."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Literal, cast

import pytest
from redis.asyncio import Redis

from system_daemon.configuration.background_jobs import BackgroundJobs, Queue, Route
from system_daemon.configuration.loading import Configuration
from system_daemon.jobs import promoted_operator, promoted_run
from system_daemon.jobs.doors import Doors
from system_daemon.jobs.failed import FailedList, NotInFailedError, WrongQueueError
from system_daemon.jobs.payload import Job
from system_daemon.jobs.promoted_run import Buried, Ended, Gone, result_of, run_promoted
from system_daemon.jobs.queue import JobQueue
from system_daemon.jobs.routes import Routes
from system_daemon.jobs.verdict import DONE, Failed, Verdict, Wait
from tests.integration.jobs.crew import Crew, php

JOB = f"{7:032x}"
LOG = logging.getLogger("promoted")
FAILED = Failed(exception="ServiceError", reason="the database is locked")
Attempt = Callable[..., Awaitable[Ended]]


class Handler:
    """Ends attempts as it is told, and notes them."""

    def __init__(self) -> None:
        self.verdicts: list[Verdict] = []
        self.attempts: list[int] = []

    async def __call__(self, job: Job) -> Verdict:
        self.attempts.append(job.attempt)
        return self.verdicts.pop(0) if self.verdicts else DONE


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Handler:
    monkeypatch.setattr(promoted_run, "ARRIVAL_S", 0.2)
    return Handler()


@pytest.fixture
def attempt(crew: Crew, redis: Redis, handler: Handler) -> Attempt:
    """Makes one attempt as the task does."""
    failed = FailedList(redis, namespace="resque:")

    async def never(*_: object) -> None:
        raise AssertionError("no route has a DAG")

    async def run(
        number: int = 1, *, last: bool = False, queue: str = "q", how: Literal["dag"] | None = None
    ) -> Ended:
        routes = Routes((Route(job_class="C", endpoint="http://localhost/", run=how),))
        doors = Doors(routes, lambda _: handler, never)
        return await run_promoted(
            crew.consumer(queue), failed, doors, JOB, attempt=number, last=last, log=LOG
        )

    return run


async def _promote(crew: Crew, consumer: JobQueue) -> None:
    await crew.redis.set(crew.keys.status(JOB), '{"status":1,"updated":1,"started":1}')
    await crew.push(php(7))
    (job,) = (await consumer.claim("a", 1)).jobs
    assert await consumer.promote(job)


async def _status(crew: Crew) -> int:
    return int(json.loads(await crew.redis.get(crew.keys.status(JOB)))["status"])


async def test_the_last_failure_buries_and_a_cleared_run_runs_the_job_again_under_its_id(
    crew: Crew, consumer: JobQueue, handler: Handler, attempt: Attempt
) -> None:
    await _promote(crew, consumer)
    handler.verdicts = [FAILED, FAILED]
    assert await attempt(1) == FAILED
    assert await consumer.promoted(JOB) is not None
    assert await attempt(2, last=True) == Buried("the database is locked")
    (item,) = [json.loads(each) for each in await crew.redis.lrange(crew.keys.failed, 0, -1)]
    assert (item["payload"]["id"], item["exception"]) == (JOB, "ServiceError")
    assert await _status(crew) == 3
    assert await consumer.promoted(JOB) is None

    assert await attempt(3, last=True) == DONE
    assert await crew.redis.llen(crew.keys.failed) == 0
    assert await _status(crew) == 4
    assert await attempt(4) == Gone(JOB)
    assert handler.attempts == [2, 3, 4]


async def test_a_pause_that_was_asked_for_is_no_failure_however_long(
    crew: Crew,
    consumer: JobQueue,
    handler: Handler,
    attempt: Attempt,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    await _promote(crew, consumer)
    handler.verdicts = [Wait(seconds=seconds, reason="busy") for seconds in (0, -5, 99999)]
    monkeypatch.setattr("system_daemon.jobs.promoted_run.asyncio.sleep", sleep)
    assert await attempt() == DONE
    assert slept == [1, 1, 3600]
    assert handler.attempts == [2] * 4


async def test_a_target_that_only_ever_asks_for_pauses_buries_the_job_at_last(
    crew: Crew,
    consumer: JobQueue,
    handler: Handler,
    attempt: Attempt,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(promoted_run, "LONGEST_WAIT_S", 0.0)
    await _promote(crew, consumer)
    handler.verdicts = [Wait(seconds=1, reason="busy")] * 2
    assert await attempt(1) == Failed(exception="Busy", reason="busy")
    assert await attempt(2, last=True) == Buried("busy")
    assert await crew.redis.llen(crew.keys.failed) == 1
    await crew.redis.delete(crew.keys.failed)


async def test_a_wrong_queue_ends_in_a_sentence_and_leaves_the_job_where_it_is(
    crew: Crew, consumer: JobQueue, handler: Handler, attempt: Attempt
) -> None:
    await crew.push(php(7))
    (job,) = (await consumer.claim("a", 1)).jobs
    await consumer.bury(job, exception="E", error="e")
    with pytest.raises(
        WrongQueueError, match=r'^expected the queue "q" of the failed job, got "p"'
    ):
        await attempt(queue="p")
    assert await crew.redis.llen(crew.keys.failed) == 1
    assert handler.attempts == []
    assert await attempt() == DONE


async def test_a_job_that_was_never_tried_before_begins_with_its_first_attempt(
    crew: Crew, consumer: JobQueue, handler: Handler, attempt: Attempt
) -> None:
    await _promote(crew, consumer)
    handler.verdicts = [FAILED]
    await attempt(1, how="dag")
    await attempt(2, how="dag")
    assert handler.attempts == [1, 2]


async def test_the_queue_of_a_promoted_or_failed_job_is_found_by_its_id_alone(
    crew: Crew, consumer: JobQueue, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def url(_connection: str) -> str:
        return redis_url

    monkeypatch.setattr(promoted_operator, "redis_url", url)
    jobs = BackgroundJobs(queues=(Queue(name="other"), Queue(name="q")))
    configuration = cast("Configuration", SimpleNamespace(jobs=jobs))
    await _promote(crew, consumer)
    assert await promoted_operator._queue_of(JOB, configuration) == "q"
    await consumer.bury_promoted(JOB, exception="E", error="e")
    assert await promoted_operator._queue_of(JOB, configuration) == "q"
    await crew.redis.delete(crew.keys.failed)
    with pytest.raises(NotInFailedError):
        await promoted_operator._queue_of(JOB, configuration)


def test_a_run_counts_as_a_shift_does() -> None:
    ends = (DONE, FAILED, Buried("no"), Gone(JOB))
    assert [result_of(each) for each in ends] == ["done", "failed", "buried", None]
