"""The failed list: look, run again under the same id, discard; nobody's index is trusted."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from unittest.mock import AsyncMock

import pytest

from system_daemon.jobs.failed import FailedList, NotInFailedError, NotRepeatableError
from system_daemon.jobs.queue import JobQueue
from tests.integration.jobs.crew import FORK, Crew, php, ruby

RUBY_ITEM = b'{"failed_at":"2026/11/22 21:00:00 UTC","payload":%s,"exception":"E","error":"e","backtrace":null,"worker":"h:1:q","queue":"q"}'


@pytest.fixture
def failed(crew: Crew) -> FailedList:
    return FailedList(crew.redis, namespace="resque")


async def buried(crew: Crew, consumer: JobQueue, *payloads: bytes) -> list[str]:
    await crew.push(*payloads)
    jobs = (await consumer.claim("to bury", len(payloads))).jobs
    for job in jobs:
        await consumer.bury(job, exception="E", error="e")
    return [job.id for job in jobs]


async def test_the_newest_come_first(crew: Crew, consumer: JobQueue, failed: FailedList) -> None:
    ids = await buried(crew, consumer, *map(php, range(450)))
    assert [each.name async for each in failed.newest()] == ids[::-1]
    assert await failed.length() == 450


async def test_a_retried_job_waits_at_the_tail_under_its_id_and_from_its_first_attempt(
    crew: Crew, consumer: JobQueue, failed: FailedList
) -> None:
    await crew.push(ruby(1))
    (job,) = (await consumer.claim("a", 1)).jobs
    await consumer.bury(replace(job, attempt=2), exception="E", error="e")
    await crew.push(php(2))
    await failed.retry(job.id)
    assert await crew.failed() == []
    _, last = (await consumer.claim("b", 2)).jobs
    assert (last.id, last.args, last.attempt) == (job.id, job.args, 1)


async def test_a_retried_job_waits_for_its_producer_too(
    crew: Crew, consumer: JobQueue, failed: FailedList
) -> None:
    key = f"resque:job:app_{1:032x}:status"
    await crew.redis.set(key, b'{"status":1,"updated":1,"started":1,"result":null}')
    (job_id,) = await buried(crew, consumer, FORK % (1, 1))
    await failed.retry(job_id)
    assert json.loads(await crew.redis.get(key))["status"] == 1
    assert await crew.redis.ttl(key) == -1


async def test_a_job_is_promoted_from_the_list_under_its_id(
    crew: Crew, consumer: JobQueue, failed: FailedList
) -> None:
    (job_id,) = await buried(crew, consumer, php(1))
    assert (await failed.promote(job_id, queue="q")).id == job_id
    assert await crew.failed() == []
    with pytest.raises(NotInFailedError):
        await failed.promote(job_id, queue="q")
    assert await consumer.promoted(job_id)
    await consumer.finish_promoted(job_id)


async def test_a_job_whose_id_is_promoted_stays_where_it_is(
    crew: Crew, consumer: JobQueue, failed: FailedList
) -> None:
    job_id, _ = await buried(crew, consumer, php(1), php(1))
    await failed.promote(job_id, queue="q")
    with pytest.raises(NotInFailedError):
        await failed.promote(job_id, queue="q")
    assert len(await crew.failed()) == 1
    await consumer.finish_promoted(job_id)


async def test_items_of_ruby_workers_have_a_name_and_get_an_id_when_they_are_claimed(
    crew: Crew, consumer: JobQueue, failed: FailedList
) -> None:
    await crew.redis.rpush(crew.keys.failed, b"", b"no item", RUBY_ITEM % ruby(3))
    (only,) = [each async for each in failed.newest()]
    assert len(only.name) == 12
    await failed.retry(only.name)
    (job,) = (await consumer.claim("a", 1)).jobs
    assert job.args == [3, "two"]
    assert await crew.redis.lrange(crew.keys.failed, 0, -1) == [b"", b"no item"]


async def test_an_unreadable_one_can_only_be_discarded(
    crew: Crew, consumer: JobQueue, failed: FailedList
) -> None:
    await crew.push(b"{secret")
    await consumer.claim("a", 1)
    (only,) = [each async for each in failed.newest()]
    for refused in (failed.retry, partial(failed.promote, queue="q")):
        with pytest.raises(NotRepeatableError, match="can only be discarded"):
            await refused(only.name)
    await failed.discard(only.name)
    assert await crew.failed() == []
    with pytest.raises(NotInFailedError, match="expected a failed job"):
        await failed.discard(only.name)


async def test_two_operators_repeat_a_job_once(
    crew: Crew, consumer: JobQueue, failed: FailedList, monkeypatch: pytest.MonkeyPatch
) -> None:
    (job_id,) = await buried(crew, consumer, php(1))
    found = await failed.find(job_id)
    await failed.retry(job_id)
    monkeypatch.setattr(failed, "find", AsyncMock(return_value=found))
    for late in (failed.retry, partial(failed.promote, queue="q"), failed.discard):
        with pytest.raises(NotInFailedError, match="taken meanwhile"):
            await late(job_id)
    assert await crew.waiting() == [php(1)]
