"""Claims: atomic, in order, repeatable, and never more than one job too many is lost: none."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from system_daemon.jobs import scripts
from system_daemon.jobs.claimed import Look
from system_daemon.jobs.keys import Keys
from system_daemon.jobs.queue import JobQueue
from tests.integration.jobs.crew import Crew, number, numbers, php, ruby
from tests.integration.services.reply_dropper import ReplyDropper


async def test_a_look_takes_nothing(crew: Crew, consumer: JobQueue) -> None:
    assert await consumer.look() == Look(depth=0, orphans=0, paused=False)
    await crew.push(php(1), php(2))
    assert await consumer.look() == Look(depth=2, orphans=0, paused=False)
    assert await crew.waiting() == [php(1), php(2)]
    assert await crew.redis.keys("*system_daemon*") == []


async def test_claims_take_from_the_head_in_order(crew: Crew, consumer: JobQueue) -> None:
    await crew.push(*map(php, range(5)))
    assert numbers((await consumer.claim("a", 3)).jobs) == [0, 1, 2]
    assert numbers((await consumer.claim("b", 3)).jobs) == [3, 4]
    assert numbers((await consumer.claim("c", 3)).jobs) == []


@pytest.mark.parametrize("count", [1, 499, 500, 501, 1000, 2001])
async def test_a_claim_of_any_size_is_whole(crew: Crew, consumer: JobQueue, count: int) -> None:
    await crew.push(*map(php, range(2000)))
    jobs = (await consumer.claim("a", count)).jobs
    assert numbers(jobs) == list(range(min(count, 2000)))
    assert numbers((await consumer.claim("a", count)).jobs) == numbers(jobs)
    assert len(await crew.waiting()) == max(0, 2000 - count)


@pytest.mark.parametrize("count", [0, -1])
async def test_a_claim_of_nothing_takes_nothing(crew: Crew, consumer: JobQueue, count: int) -> None:
    await crew.push(php(1))
    assert (await consumer.claim("a", count)).jobs == []
    assert await crew.waiting() == [php(1)]


async def test_the_same_claim_brings_the_same_jobs_that_have_not_ended(
    crew: Crew, consumer: JobQueue
) -> None:
    await crew.push(*map(ruby, range(5)))
    first = (await consumer.claim("a", 3)).jobs
    assert (await consumer.claim("a", 3)).jobs == first
    await consumer.ack(first[:1])
    await consumer.claim("b", 1)
    assert (await consumer.claim("a", 3)).jobs == first[1:]
    await consumer.ack(first)
    assert (await consumer.claim("a", 3)).jobs == []
    assert len(await crew.waiting()) == 1


async def test_equal_payloads_without_ids_are_two_jobs_with_ids_for_life(
    crew: Crew, consumer: JobQueue
) -> None:
    await crew.push(ruby(1), ruby(1))
    one, other = (await consumer.claim("a", 2)).jobs
    assert one.id != other.id
    assert one.args == other.args == [1, "two"]
    await consumer.give_back([one, other])
    again = (await consumer.claim("b", 2)).jobs
    assert [job.id for job in again] == [one.id, other.id]
    assert await consumer.ack(again[:1]) == [one.id]
    assert await consumer.give_back(again) == 1


async def test_paused_takes_nothing_as_resque_compares_it(crew: Crew, consumer: JobQueue) -> None:
    await crew.push(php(1))
    await crew.redis.set(crew.keys.paused, " TRUE\n")
    assert (await consumer.look()).paused
    claimed = await consumer.claim("a", 1)
    assert (claimed.jobs, claimed.paused) == ([], True)
    await crew.redis.set(crew.keys.paused, "false")
    assert not (await consumer.look()).paused
    assert numbers((await consumer.claim("b", 1)).jobs) == [1]


async def test_what_is_no_job_is_buried_at_once_and_blocks_nobody(
    crew: Crew, consumer: JobQueue
) -> None:
    await crew.push(b"{not json", php(1), b'\xff\x00{"', php(2), b"")
    claimed = await consumer.claim("a", 5)
    assert (numbers(claimed.jobs), claimed.buried) == ([1, 2], 3)
    kept = [item["payload"] for item in await crew.failed()]
    assert [each["base64"] for each in kept] == ["e25vdCBqc29u", "/wB7Ig==", ""]
    assert await crew.stat(crew.keys.stat_failed) == 3
    await consumer.ack(claimed.jobs)
    assert await crew.stat(crew.keys.stat_processed) == 5


async def test_a_consumer_registers_itself_with_its_first_claim(
    crew: Crew, consumer: JobQueue, keys: Keys
) -> None:
    await crew.push(php(1))
    await consumer.claim("a", 1)
    session = keys.of_consumer(consumer.consumer, "q").session
    assert 0 < await crew.redis.ttl(session) <= 60
    assert await crew.redis.sismember(keys.workers, consumer.worker)


async def test_scripts_that_redis_forgot_are_sent_again(crew: Crew, consumer: JobQueue) -> None:
    await crew.push(php(1))
    await crew.redis.script_flush()
    jobs = (await consumer.claim("a", 1)).jobs
    await crew.redis.script_flush()
    assert await consumer.ack(jobs) == [jobs[0].id]


@pytest.mark.parametrize("command", ["EVALSHA", "EVAL"])
async def test_a_lost_reply_neither_loses_nor_doubles_a_claim(
    crew: Crew, lossy_redis: Redis, dropper: ReplyDropper, command: str
) -> None:
    await crew.push(*map(ruby, range(6)))
    consumer = crew.consumer(redis=lossy_redis)
    first = await consumer.claim("a", 2)
    if command == "EVAL":
        await crew.redis.script_flush()
        dropper.marker = b"Moves up to n payloads"
    else:
        dropper.marker = scripts.CLAIM._sha.encode()
    second = await consumer.claim("b", 2)
    assert dropper.dropped == 1
    assert numbers(first.jobs) == [0, 1]
    assert numbers(second.jobs) == [2, 3]
    assert len(await crew.waiting()) == 2
    assert len({job.id for job in first.jobs + second.jobs}) == 4


async def test_a_lost_reply_is_harmless_to_a_client_that_repeats_by_itself(
    crew: Crew, dropper: ReplyDropper, redis_url: str
) -> None:
    await crew.push(*map(php, range(6)))
    port = redis_url.rsplit(":", 1)[1].split("/", maxsplit=1)[0]
    repeating = Redis.from_url(redis_url.replace(port, str(dropper.port)))
    consumer = crew.consumer(redis=repeating)
    await consumer.claim("a", 2)
    dropper.marker = scripts.CLAIM._sha.encode()
    assert numbers((await consumer.claim("b", 2)).jobs) == [2, 3]
    assert dropper.dropped == 1
    assert len(await crew.waiting()) == 2
    await consumer.stop()
    await repeating.aclose()


async def test_what_a_failed_claim_took_comes_with_the_next_one(
    crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    await crew.push(*map(php, range(4)))
    consumer = crew.consumer()
    await consumer.start()
    run = scripts.CLAIM._run

    async def lose_replies(*args: object) -> object:
        await run(*args)
        raise ConnectionError

    monkeypatch.setattr(scripts.CLAIM, "_run", lose_replies)
    with pytest.raises(ConnectionError):
        await consumer.claim("a", 2)
    monkeypatch.undo()
    assert len(await crew.waiting()) == 2
    assert numbers((await consumer.claim("b", 1)).jobs) == [0, 1, 2]


async def test_a_cancelled_claim_is_given_back_when_the_consumer_stops(
    crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    await crew.push(*map(php, range(4)))
    consumer = crew.consumer()
    await consumer.start()
    run = scripts.CLAIM._run

    async def stall(*args: object) -> object:
        await run(*args)
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(scripts.CLAIM, "_run", stall)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await consumer.claim("a", 2)
    monkeypatch.undo()
    assert len(await crew.waiting()) == 2
    await consumer.stop()
    assert await crew.waiting() == list(map(php, range(4)))


async def test_a_claim_that_arrives_late_takes_nothing(
    crew: Crew, consumer: JobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[object, ...]] = []
    run = scripts.CLAIM._run

    async def record(*args: object) -> object:
        sent.append(args)
        return await run(*args)

    monkeypatch.setattr(scripts.CLAIM, "_run", record)
    await consumer.start()
    await consumer.claim("empty", 5)
    await crew.push(*map(php, range(9)))
    for late in sent:
        await run(*late)
    assert len(await crew.waiting()) == 9
    await consumer.ack((await consumer.claim("a", 2)).jobs)
    for late in sent:
        await run(*late)
    assert len(await crew.waiting()) == 7
    await crew.kill(consumer)
    for late in sent:
        await run(*late)
    await consumer.beat()
    for late in sent:
        await run(*late)
    assert len(await crew.waiting()) == 7
    await consumer.stop()
    for late in sent:
        await run(*late)
    assert len(await crew.waiting()) == 7


async def test_php_and_ruby_workers_on_the_same_queue_get_other_jobs(crew: Crew) -> None:
    total = 5000
    await crew.push(*(php(index) if index % 2 else ruby(index) for index in range(total)))
    ours: list[int] = []
    theirs: list[int] = []

    async def consume(consumer: JobQueue) -> None:
        claim = 0
        while claimed := (await consumer.claim(str(claim), 16)).jobs:
            claim += 1
            ours.extend(numbers(claimed))
            assert len(await consumer.ack(claimed)) == len(claimed)

    async def pop() -> None:
        while payload := await crew.redis.lpop(crew.keys.queue("q")):
            theirs.append(number(payload))

    await asyncio.gather(
        consume(crew.consumer()), consume(crew.consumer()), *(pop() for _ in range(8))
    )
    assert sorted(ours + theirs) == list(range(total))
    assert ours
    assert theirs
