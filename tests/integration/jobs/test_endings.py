"""How jobs end: only by the consumer whose they still are, once, and in order."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import AsyncMock

import pytest
from redis.asyncio import Redis

from system_daemon.jobs import scripts
from system_daemon.jobs.queue import JobQueue
from tests.integration.jobs.crew import Crew, number, numbers, php, ruby
from tests.integration.services.reply_dropper import ReplyDropper


async def test_an_acknowledged_job_is_gone_and_counted_once(crew: Crew, consumer: JobQueue) -> None:
    await crew.push(*map(php, range(3)))
    jobs = (await consumer.claim("a", 3)).jobs
    assert await consumer.ack(jobs[:2]) == [jobs[0].id, jobs[1].id]
    assert await consumer.ack(jobs) == [jobs[2].id]
    assert await consumer.ack([]) == []
    assert await crew.stat(crew.keys.stat_processed) == 3
    assert await crew.stat(crew.keys.stat_failed) == 0


async def test_more_jobs_than_one_script_takes_are_acknowledged(
    crew: Crew, consumer: JobQueue
) -> None:
    await crew.push(*map(php, range(1201)))
    jobs = (await consumer.claim("a", 1201)).jobs
    assert await consumer.ack(jobs) == [job.id for job in jobs]


async def test_nobody_ends_anothers_job(crew: Crew, consumer: JobQueue) -> None:
    await crew.push(php(1))
    (job,) = (await consumer.claim("a", 1)).jobs
    other = crew.consumer()
    await other.start()
    assert await other.ack([job]) == []
    assert not await other.bury(job, exception="E", error="e")
    assert await other.give_back([job]) == 0
    assert not await other.promote(job)
    assert await consumer.ack([job]) == [job.id]


@pytest.mark.parametrize("script", ["ACK", "BURY", "GIVE_BACK", "PROMOTE"])
async def test_a_lost_reply_changes_nothing_about_an_ending(
    crew: Crew, lossy_redis: Redis, dropper: ReplyDropper, script: str
) -> None:
    await crew.push(php(1), php(2))
    # Redis knows the scripts from here on.
    for name in ("ACK", "BURY", "GIVE_BACK", "PROMOTE"):
        await crew.redis.script_load(getattr(scripts, name)._text)
    consumer = crew.consumer(redis=lossy_redis)
    job, other = (await consumer.claim("a", 2)).jobs
    dropper.marker = getattr(scripts, script)._sha.encode()
    match script:
        case "ACK":
            assert await consumer.ack([job]) == [job.id]
        case "BURY":
            assert await consumer.bury(job, exception="E", error="e")
            assert len(await crew.failed()) == 1
        case "GIVE_BACK":
            assert await consumer.give_back([job]) == 1
            assert await crew.waiting() == [php(1)]
        case _:
            assert await consumer.promote(job)
            assert await consumer.finish_promoted(job.id)
    assert dropper.dropped == 1
    counted = 0 if script == "GIVE_BACK" else 1
    assert await crew.stat(crew.keys.stat_processed) == counted
    assert await consumer.ack([other]) == [other.id]


async def test_jobs_given_back_stand_at_the_head_in_their_order(
    crew: Crew, consumer: JobQueue
) -> None:
    await crew.push(*map(php, range(1500)))
    jobs = (await consumer.claim("a", 700)).jobs + (await consumer.claim("b", 600)).jobs
    await consumer.ack([job for job in jobs if number(job.raw) % 100 == 0])
    left = [job for job in jobs if number(job.raw) % 100]
    assert await consumer.give_back(list(reversed(left))) == len(left) == 1287
    assert await crew.waiting() == [php(n) for n in range(1500) if n % 100 or n >= 1300]
    assert await consumer.give_back(left) == 0


async def test_a_job_given_back_has_the_same_attempt_and_no_interruption(
    crew: Crew, consumer: JobQueue
) -> None:
    await crew.push(ruby(1))
    (job,) = (await consumer.claim("a", 1)).jobs
    await consumer.give_back([replace(job, attempt=2)])
    (claimed,) = (await consumer.claim("b", 1)).jobs
    assert (claimed.id, claimed.attempt, claimed.interruptions) == (job.id, 2, 0)


async def test_a_queue_that_the_web_page_removed_comes_back_with_its_jobs(
    crew: Crew, consumer: JobQueue
) -> None:
    await crew.push(php(1))
    jobs = (await consumer.claim("a", 1)).jobs
    await crew.redis.srem(crew.keys.queues, "q")
    await consumer.give_back(jobs)
    assert await crew.redis.smembers(crew.keys.queues) == {b"q"}


async def test_a_promoted_job_lies_under_its_id_until_its_run_ends(
    crew: Crew, consumer: JobQueue
) -> None:
    await crew.push(ruby(1), php(2))
    one, other = (await consumer.claim("a", 2)).jobs
    assert await consumer.promote(one)
    assert await consumer.promote(other)
    assert not await consumer.promote(one)
    run = crew.consumer()  # the DAG run's own view, which never starts
    found = await run.promoted(one.id)
    assert found is not None
    assert (found.id, found.args, found.queue) == (one.id, one.args, "q")
    assert await run.promoted("another") is None
    assert await run.finish_promoted(one.id)
    assert not await run.finish_promoted(one.id)
    assert await run.bury_promoted(other.id, exception="E", error="exhausted")
    assert not await run.bury_promoted(other.id, exception="E", error="exhausted")
    assert [item["error"] for item in await crew.failed()] == ["exhausted"]
    assert await crew.stat(crew.keys.stat_processed) == 2
    assert await crew.stat(crew.keys.stat_failed) == 1


async def test_two_copies_of_a_run_end_a_promoted_job_once(
    crew: Crew, consumer: JobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    await crew.push(php(1))
    (job,) = (await consumer.claim("a", 1)).jobs
    await consumer.promote(job)
    found = await consumer.promoted(job.id)
    assert await consumer.finish_promoted(job.id)
    monkeypatch.setattr(consumer._promoted, "find", AsyncMock(return_value=found))
    assert not await consumer.finish_promoted(job.id)
    assert not await consumer.bury_promoted(job.id, exception="E", error="e")
    assert await crew.failed() == []
    assert await crew.stat(crew.keys.stat_processed) == 1


async def test_a_second_job_with_a_promoted_id_is_buried_and_not_lost(
    crew: Crew, consumer: JobQueue
) -> None:
    await crew.push(php(1), php(1))
    one, other = (await consumer.claim("a", 2)).jobs
    assert await consumer.promote(one)
    assert not await consumer.promote(other)
    assert [item["exception"] for item in await crew.failed()] == ["DuplicateJobId"]
    assert await consumer.finish_promoted(one.id)


async def test_jobs_with_equal_ids_end_apart(crew: Crew, consumer: JobQueue) -> None:
    await crew.push(php(1), php(1))
    one, other = (await consumer.claim("a", 2)).jobs
    assert await consumer.ack([one]) == [one.id]
    assert await consumer.ack([one]) == []
    assert await consumer.ack([other]) == [one.id]


async def test_a_consumer_that_stops_gives_back_what_it_holds(
    crew: Crew, consumer: JobQueue
) -> None:
    await crew.push(php(0), b"{", php(1))
    jobs = (await consumer.claim("a", 3)).jobs
    await crew.redis.hset(
        crew.keys.of_consumer(consumer.consumer, "q").processing, jobs[0].token[:-1] + "z", b"{"
    )  # as if a claim's reply had never come
    await consumer.stop()
    assert numbers(jobs) == [0, 1]
    assert await crew.waiting() == [php(0), php(1)]
    assert len(await crew.failed()) == 2


async def test_a_job_without_a_claim_is_nobodys(crew: Crew, consumer: JobQueue) -> None:
    await crew.push(php(1))
    (job,) = (await consumer.claim("a", 1)).jobs
    assert await consumer.ack([replace(job, token="0" * 32)]) == []
    assert await consumer.ack([job]) == [job.id]
