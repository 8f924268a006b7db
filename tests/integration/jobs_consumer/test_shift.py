"""A shift: every job once, in order where asked, and nothing left behind."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence

import pytest
from aiohttp import web
from redis.asyncio import Redis

from system_daemon.jobs import consumer
from tests.integration.jobs_consumer.clinic import (
    KEYS,
    Endpoint,
    after,
    done,
    enqueue,
    job_id,
    payload,
    until,
    waiting,
)
from tests.integration.jobs_consumer.conftest import Workplace


async def test_every_job_is_run_once_and_acknowledged(
    redis: Redis, workplace: Workplace, endpoint: Endpoint
) -> None:
    await enqueue(redis, *(payload(number) for number in range(500)))
    shift = await workplace.shift({"job_class": "Import", "endpoint": endpoint.url})
    assert sorted(endpoint.numbers) == list(range(500))
    assert (shift.claimed, shift.acked, shift.late, shift.failed) == (500, 500, 0, 0)
    assert await redis.get(KEYS.stat_processed) == b"500"
    assert await redis.llen(KEYS.failed) == 0


async def test_one_at_a_time_keeps_the_order_of_the_queue(
    redis: Redis, workplace: Workplace, endpoint: Endpoint
) -> None:
    await enqueue(redis, *(payload(number) for number in range(60)))
    await workplace.shift({"job_class": "*", "endpoint": endpoint.url}, concurrency=1)
    assert endpoint.numbers == list(range(60))
    assert endpoint.most == 1
    assert len(endpoint.peers) == 1, "the connection is kept open from job to job"


async def test_no_more_jobs_run_at_once_than_allowed_and_slow_ones_are_not_hoarded(
    redis: Redis, workplace: Workplace, endpoint: Endpoint
) -> None:
    gate = asyncio.Event()
    endpoint.answering = after(gate)
    await enqueue(redis, *(payload(number) for number in range(10)))
    shift = asyncio.create_task(
        workplace.shift({"job_class": "*", "endpoint": endpoint.url}, concurrency=3)
    )
    await until(lambda: endpoint.now == 3, "three jobs run")
    assert await waiting(redis) == [3, 4, 5, 6, 7, 8, 9], "others may take these"
    gate.set()
    assert (await shift).acked == 10
    assert endpoint.most == 3


async def test_what_is_begun_and_not_acknowledged_never_exceeds_the_concurrency(
    redis: Redis, workplace: Workplace, endpoint: Endpoint
) -> None:
    """This many jobs at the most run twice when the process is killed."""
    excess: list[int] = []

    async def counting(job: dict[str, object]) -> web.Response:
        begun = len(endpoint.jobs)  # before the question: what ends meanwhile must not count
        excess.append(begun - int(await redis.get(KEYS.stat_processed) or 0))
        return await done(job)

    endpoint.answering = counting
    await enqueue(redis, *(payload(number) for number in range(300)))
    await workplace.shift({"job_class": "*", "endpoint": endpoint.url}, concurrency=5)
    assert max(excess) <= 5


async def test_while_lingering_a_job_starts_at_once(
    redis: Redis, workplace: Workplace, endpoint: Endpoint
) -> None:
    arrived = asyncio.Event()
    times: list[float] = []
    loop = asyncio.get_running_loop()

    async def noting(job: dict[str, object]) -> web.Response:
        times.append(loop.time())
        arrived.set()
        return await done(job)

    endpoint.answering = noting
    shift = asyncio.create_task(
        workplace.shift({"job_class": "*", "endpoint": endpoint.url}, linger=60)
    )
    delays = []
    for number in range(20):
        arrived.clear()
        sent = loop.time()
        await enqueue(redis, payload(number))
        await arrived.wait()
        delays.append(times[-1] - sent)
    workplace.stop.set()
    assert (await shift).acked == 20
    assert sorted(delays)[10] < 0.1, "the benchmark measures it; here only the order of magnitude"


async def test_the_shift_lingers_and_then_ends(
    redis: Redis, workplace: Workplace, endpoint: Endpoint
) -> None:
    loop = asyncio.get_running_loop()
    await enqueue(redis, payload(1))
    began = loop.time()
    await workplace.shift({"job_class": "*", "endpoint": endpoint.url}, linger=0.3)
    assert loop.time() - began >= 0.3


async def test_stopping_finishes_what_runs_and_gives_the_rest_back_in_order(
    redis: Redis, workplace: Workplace, endpoint: Endpoint
) -> None:
    gate = asyncio.Event()

    async def slowly(job: dict[str, object]) -> web.Response:
        if len(endpoint.jobs) > 20:
            await gate.wait()
        return await done(job)

    endpoint.answering = slowly
    await enqueue(redis, *(payload(number) for number in range(400)))
    shift = asyncio.create_task(
        workplace.shift({"job_class": "*", "endpoint": endpoint.url}, concurrency=4)
    )
    await until(lambda: endpoint.now == 4 and len(endpoint.jobs) == 24, "four jobs wait")
    workplace.stop.set()
    await asyncio.sleep(0)
    gate.set()
    ended = await shift
    assert sorted(endpoint.numbers) == list(range(24))
    assert ended.acked == 24
    assert ended.claimed == 24 + ended.given_back
    assert await waiting(redis) == list(range(24, 400))
    assert await redis.get(KEYS.stat_failed) is None


async def test_what_does_not_finish_within_the_grace_is_cut_off_and_goes_to_the_head(
    redis: Redis,
    workplace: Workplace,
    endpoint: Endpoint,
    told: Callable[[], Sequence[str]],
) -> None:
    async def never(_job: dict[str, object]) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    endpoint.answering = never
    await enqueue(redis, *(payload(number) for number in range(5)))
    shift = asyncio.create_task(
        workplace.shift({"job_class": "*", "endpoint": endpoint.url}, concurrency=2, grace=0.1)
    )
    await until(lambda: endpoint.now == 2, "two jobs run")
    workplace.stop.set()
    assert (await shift).acked == 0
    assert await waiting(redis) == [0, 1, 2, 3, 4]
    assert "2 jobs did not finish within 0.1 s and are cut off" in told()


async def test_pausing_all_workers_ends_the_shift_and_the_jobs_wait(
    redis: Redis, workplace: Workplace, endpoint: Endpoint
) -> None:
    gate = asyncio.Event()
    endpoint.answering = after(gate)
    await enqueue(redis, *(payload(number) for number in range(9)))
    shift = asyncio.create_task(
        workplace.shift({"job_class": "*", "endpoint": endpoint.url}, concurrency=1, linger=60)
    )
    await until(lambda: endpoint.now == 1, "a job runs")
    await redis.set(KEYS.paused, "true")
    gate.set()
    await shift
    assert await waiting(redis) == list(range(len(endpoint.jobs), 9))


async def test_it_beats_while_its_handlers_are_busy(
    redis: Redis, workplace: Workplace, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = asyncio.Event()
    endpoint.answering = after(gate)
    await enqueue(redis, payload(1))
    monkeypatch.setattr(consumer, "BEAT_S", 0.05)
    shift = asyncio.create_task(
        workplace.shift({"job_class": "*", "endpoint": endpoint.url}, concurrency=1)
    )
    await until(lambda: endpoint.now == 1, "the job runs")
    session = KEYS.of_consumer("test:1:consumer", "clinic").session
    for _ in range(2):
        await redis.expire(session, 5)
        await until(lambda: _lives(redis, session), "it beat")
    gate.set()
    assert (await shift).acked == 1


async def _lives(redis: Redis, session: str) -> bool:
    return bool(await redis.ttl(session) > 50)


async def test_a_job_that_was_taken_away_is_not_acknowledged(
    redis: Redis,
    workplace: Workplace,
    endpoint: Endpoint,
    told: Callable[[], Sequence[str]],
) -> None:
    """As after a process slept for longer than its heartbeat lasts."""

    async def reaped_meanwhile(job: dict[str, object]) -> web.Response:
        await redis.delete(KEYS.of_consumer("test:1:consumer", "clinic").processing)
        return await done(job)

    endpoint.answering = reaped_meanwhile
    await enqueue(redis, payload(1))
    shift = await workplace.shift({"job_class": "*", "endpoint": endpoint.url})
    assert (shift.acked, shift.late) == (0, 1)
    assert any("too late" in line for line in told())


async def test_the_jobs_of_a_dead_consumer_are_run(
    redis: Redis, workplace: Workplace, endpoint: Endpoint
) -> None:
    dead = KEYS.of_consumer("dead:1:consumer", "clinic")
    await redis.sadd(KEYS.consumers("clinic"), "dead:1:consumer")
    await redis.hset(dead.processing, f"{1:032x}", payload(7))
    shift = await workplace.shift({"job_class": "*", "endpoint": endpoint.url}, linger=1.5)
    assert shift.acked == 1
    assert endpoint.numbers == [7]


async def test_a_status_that_the_platform_asked_for_ends_as_complete(
    redis: Redis, workplace: Workplace, endpoint: Endpoint
) -> None:
    await redis.set(KEYS.status(job_id(1)), json.dumps({"status": 1, "updated": 1, "started": 1}))
    await enqueue(redis, payload(1))
    await workplace.shift({"job_class": "*", "endpoint": endpoint.url})
    assert json.loads(await redis.get(KEYS.status(job_id(1))))["status"] == 4
