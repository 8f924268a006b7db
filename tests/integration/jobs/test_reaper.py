"""Dead consumers' jobs: back to the head, in order; the third interruption buries."""

from __future__ import annotations

import asyncio

import pytest

from system_daemon.jobs import scripts
from system_daemon.jobs.claimed import Look
from system_daemon.jobs.queue import JobQueue
from system_daemon.jobs.reaper import Reaped, Reaper
from tests.integration.jobs.crew import Crew, number, numbers, php, ruby


async def test_the_living_keep_their_jobs(crew: Crew, consumer: JobQueue) -> None:
    await crew.push(php(1))
    jobs = (await consumer.claim("a", 1)).jobs
    assert await crew.consumer().reap() == Reaped()
    assert await consumer.ack(jobs) == [jobs[0].id]


async def test_a_session_that_expires_is_a_death(crew: Crew, consumer: JobQueue) -> None:
    await crew.push(php(1))
    await consumer.claim("a", 1)
    await crew.redis.pexpire(crew._session(consumer), 1)
    async with asyncio.timeout(5):
        while not (await consumer.look()).orphans:  # noqa: ASYNC110 - Redis' clock decides
            await asyncio.sleep(0.01)
    assert await crew.consumer().reap() == Reaped(consumers=1, given_back=1)


async def test_jobs_of_the_dead_stand_at_the_head_in_their_order(crew: Crew) -> None:
    dead, idle, alive = crew.consumer(), crew.consumer(), crew.consumer()
    await crew.push(*map(php, range(1300)))
    jobs = (await dead.claim("a", 1200)).jobs
    await dead.ack(jobs[:5])
    await idle.start()
    await alive.start()
    await crew.kill(dead)
    await crew.kill(idle)
    assert await alive.look() == Look(depth=100, orphans=1195, paused=False, dead=2)
    assert await alive.reap() == Reaped(consumers=2, given_back=1195)
    assert [number(payload) for payload in await crew.waiting()] == list(range(5, 1300))
    assert await alive.look() == Look(depth=1295, orphans=0, paused=False)
    assert await crew.redis.smembers(crew.keys.workers) == {alive.worker.encode()}


async def test_the_late_acknowledgements_of_a_reaped_consumer_are_refused(crew: Crew) -> None:
    paused, other = crew.consumer(), crew.consumer()
    await crew.push(*map(php, range(3)))
    jobs = (await paused.claim("a", 3)).jobs
    await crew.kill(paused)
    await other.reap()
    assert await paused.ack(jobs[:1]) == []
    assert await paused.give_back(jobs) == 0
    assert not await paused.promote(jobs[1])
    assert not await paused.bury(jobs[2], exception="E", error="e")
    assert await crew.stat(crew.keys.stat_processed) == 0
    assert await crew.failed() == []
    again = (await other.claim("a", 1)).jobs
    assert await other.ack(again) == [jobs[0].id]
    await paused.beat()
    assert numbers((await paused.claim("b", 1)).jobs) == [1]


async def test_a_consumer_that_wakes_up_in_time_keeps_what_was_not_taken_yet(
    crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    asleep, other = crew.consumer(), crew.consumer()
    await crew.push(*map(php, range(1000)))
    jobs = (await asleep.claim("a", 1000)).jobs
    await crew.kill(asleep)
    run = scripts.REAP._run

    async def wake_up_after(*args: object) -> object:
        reply = await run(*args)
        await asleep.beat()
        return reply

    monkeypatch.setattr(scripts.REAP, "_run", wake_up_after)
    assert await other.reap() == Reaped(given_back=500)
    accepted = await asleep.ack(jobs)
    assert accepted == [job.id for job in jobs[:500]]
    assert [number(payload) for payload in await crew.waiting()] == list(range(500, 1000))


async def test_a_job_that_ends_while_the_reaper_looks_is_not_given_back(
    crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    asleep, other = crew.consumer(), crew.consumer()
    await crew.push(*map(php, range(3)))
    jobs = (await asleep.claim("a", 3)).jobs
    await crew.kill(asleep)
    run = scripts.REAP._run

    async def end_some_before(*args: object) -> object:
        assert await asleep.ack(jobs[:1]) == [jobs[0].id]
        assert await asleep.give_back(jobs[1:2]) == 1
        return await run(*args)

    monkeypatch.setattr(scripts.REAP, "_run", end_some_before)
    assert await other.reap() == Reaped(consumers=1, given_back=1)
    assert list(map(number, await crew.waiting())) == [2, 1]


async def test_jobs_that_were_given_away_between_their_claim_and_their_begin_are_left_alone(
    crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    asleep, other = crew.consumer(), crew.consumer()
    await crew.push(*map(php, range(3)))
    begin = scripts.BEGIN._run

    async def after_a_nap(*args: object) -> object:
        await crew.kill(asleep)
        assert await other.reap() == Reaped(consumers=1, given_back=3)
        return await begin(*args)

    monkeypatch.setattr(scripts.BEGIN, "_run", after_a_nap)
    assert (await asleep.claim("a", 3)).jobs == []
    assert list(map(number, await crew.waiting())) == [0, 1, 2]


async def test_the_third_interruption_buries(crew: Crew) -> None:
    await crew.push(ruby(1))
    ids = set()
    for interruption in range(3):
        dead = crew.consumer()
        (job,) = (await dead.claim("a", 1)).jobs
        ids.add(job.id)
        assert (job.attempt, job.interruptions) == (1, interruption)
        await crew.kill(dead)
        reaped = await crew.consumer().reap()
        last = interruption == 2
        assert reaped == Reaped(consumers=1, given_back=not last, buried=last)
    assert await crew.waiting() == []
    (item,) = await crew.failed()
    assert item["exception"] == "Interrupted"
    assert "3 times" in str(item["error"])
    assert item["payload"] == {"class": "C", "args": [1, "two"], "id": ids.pop()}
    assert not ids
    assert await crew.stat(crew.keys.stat_failed) == 1


async def test_how_many_interruptions_bury_is_configured(crew: Crew) -> None:
    await crew.push(php(1))
    dead = crew.consumer()
    await dead.claim("a", 1)
    await crew.kill(dead)
    reaper = Reaper(crew.redis, namespace="resque", queue="q", max_interruptions=1)
    assert await reaper.reap() == Reaped(consumers=1, buried=1)


async def test_jobs_that_were_only_claimed_ahead_were_not_interrupted(crew: Crew) -> None:
    await crew.push(*map(php, range(9)))
    dead, other = crew.consumer(), crew.consumer()
    jobs = (await dead.claim("a", 9)).jobs
    await dead.ack([jobs[1]])
    await crew.kill(dead)
    reaper = Reaper(crew.redis, namespace="resque", queue="q", concurrency=3)
    assert await reaper.reap() == Reaped(consumers=1, given_back=8)
    interrupted = []
    for claim in range(8):
        for job in (await other.claim(str(claim), 1)).jobs:
            interrupted += [number(job.raw)] * job.interruptions
            await other.ack([job])
    assert interrupted == [0, 2, 3]


async def test_an_interrupted_job_is_worked_alone_so_that_it_takes_no_other_along(
    crew: Crew,
) -> None:
    """Job 2 kills whoever holds it: it alone is buried, the others are not even delayed long."""
    await crew.push(*map(php, range(5)))
    done: list[int] = []
    for _ in range(3):
        consumer = crew.consumer()
        for claim in range(20):
            claimed = await consumer.claim(str(claim), 4)
            if 2 in numbers(claimed.jobs):
                break
            done += numbers(claimed.jobs)
            await consumer.ack(claimed.jobs)
        assert claimed.jobs
        await crew.kill(consumer)
        await crew.consumer().reap()
    assert [item["payload"]["args"][0]["n"] for item in await crew.failed()] == [2]
    survivor = crew.consumer()
    for claim in range(20):
        claimed = await survivor.claim(str(claim), 4)
        done += numbers(claimed.jobs)
        await survivor.ack(claimed.jobs)
    assert sorted(done) == [0, 1, 3, 4]


async def test_nothing_is_claimed_beside_a_job_that_is_worked_alone(crew: Crew) -> None:
    await crew.push(php(0), php(1))
    dead, consumer, other = crew.consumer(), crew.consumer(), crew.consumer()
    await dead.claim("a", 1)
    await crew.kill(dead)
    await other.reap()
    await crew.redis.lpush(crew.keys.queue("q"), php(9))
    before = await consumer.claim("a", 5)
    assert (numbers(before.jobs), before.alone) == ([9], False)
    waits = await consumer.claim("b", 5)
    assert (waits.jobs, waits.alone) == ([], True)
    await consumer.ack(before.jobs)
    alone = await consumer.claim("c", 5)
    assert (numbers(alone.jobs), alone.alone) == ([0], False)
    assert (await consumer.claim("d", 5)).alone
    assert numbers((await other.claim("a", 5)).jobs) == [1]
    await consumer.ack(alone.jobs)
    assert not (await consumer.claim("e", 5)).alone


async def test_one_reaps_at_a_time_and_a_dead_reaper_is_replaced(crew: Crew) -> None:
    reaper = crew.consumer()
    await crew.redis.set(crew.keys.reaper("q"), "another", px=60_000)
    assert await reaper.reap() is None
    await crew.redis.pexpire(crew.keys.reaper("q"), 1)
    async with asyncio.timeout(5):
        while await reaper.reap() is None:  # noqa: ASYNC110 - Redis' clock decides
            await asyncio.sleep(0.01)
    assert await crew.redis.exists(crew.keys.reaper("q")) == 0


async def test_a_reaper_that_lost_its_lease_takes_nothing(
    crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = crew.consumer()
    await crew.push(php(1))
    await dead.claim("a", 1)
    await crew.kill(dead)
    run = scripts.REAP._run

    async def lose_the_lease_before(*args: object) -> object:
        await crew.redis.set(crew.keys.reaper("q"), "another", px=60_000)
        return await run(*args)

    monkeypatch.setattr(scripts.REAP, "_run", lose_the_lease_before)
    assert await crew.consumer().reap() == Reaped()
    assert await crew.redis.get(crew.keys.reaper("q")) == b"another"
    assert await crew.waiting() == []
    monkeypatch.undo()
    await crew.redis.delete(crew.keys.reaper("q"))


async def test_many_reapers_at_once_give_each_job_back_once(crew: Crew) -> None:
    await crew.push(*map(php, range(600)))
    for _ in range(3):
        dead = crew.consumer()
        await dead.claim("a", 200)
        await crew.kill(dead)
    await asyncio.gather(*(crew.consumer().reap() for _ in range(8)))
    await crew.consumer().reap()
    assert sorted(number(payload) for payload in await crew.waiting()) == list(range(600))


async def test_an_unreadable_payload_of_the_dead_is_buried(crew: Crew) -> None:
    dead = crew.consumer()
    await dead.start()
    processing = crew.keys.of_consumer(dead.consumer, "q").processing
    await crew.redis.hset(processing, "0" * 32, b"{died before it was buried")
    await crew.kill(dead)
    assert await crew.consumer().reap() == Reaped(consumers=1, buried=1)
    assert [item["exception"] for item in await crew.failed()] == ["UnreadablePayload"]
