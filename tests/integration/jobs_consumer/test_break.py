"""The break: a target that fails most of the time does not burn the backlog."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

import pytest
from aiohttp import web
from redis.asyncio import Redis

from tests.integration.jobs_consumer.clinic import (
    Endpoint,
    done,
    enqueue,
    job_id,
    payload,
    until,
    waiting,
)
from tests.integration.jobs_consumer.conftest import Workplace

pytestmark = pytest.mark.usefixtures("faster")


async def _wait_all(redis: Redis, count: int) -> bool:
    return await waiting(redis) == list(range(count))


async def _down(_job: dict[str, object]) -> web.Response:
    return web.Response(status=503)


async def test_ten_thousand_failing_jobs_make_few_runs_and_all_succeed_in_the_end(
    redis: Redis,
    workplace: Workplace,
    endpoint: Endpoint,
    unused_tcp_port: int,
    told: Callable[[], Sequence[str]],
) -> None:
    count = 10_000
    url = f"http://127.0.0.1:{unused_tcp_port}/jobs"
    await enqueue(redis, *(payload(number) for number in range(count)))
    shift = asyncio.create_task(
        workplace.shift({"job_class": "*", "endpoint": url}, concurrency=32, max_attempts=1)
    )
    holds = lambda: sum("is left alone" in line for line in told())  # noqa: E731
    await until(lambda: holds() >= 3, "the break opens again and again")
    assert len(await waiting(redis)) + len(workplace.promoted) in (count - 1, count)
    runner = web.AppRunner(_application(endpoint))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    ended = await shift
    await runner.cleanup()
    assert len(workplace.promoted) <= 50
    everything = {*workplace.promoted, *(str(job["id"]) for job in endpoint.jobs)}
    assert everything == {job_id(number) for number in range(count)}
    assert len(endpoint.jobs) == count - len(workplace.promoted), "each once"
    assert ended.acked + ended.promoted == count
    assert ended.holds >= 3


def _application(endpoint: Endpoint) -> web.Application:
    application = web.Application()
    application.router.add_post("/jobs", endpoint.answer)
    return application


async def test_what_goes_back_goes_back_in_order(
    redis: Redis, workplace: Workplace, endpoint: Endpoint
) -> None:
    endpoint.answering = _down
    await enqueue(redis, *(payload(number) for number in range(200)))
    shift = asyncio.create_task(
        workplace.shift({"job_class": "*", "endpoint": endpoint.url}, concurrency=16)
    )
    await until(lambda: endpoint.jobs, "jobs fail")
    await until(lambda: _wait_all(redis, 200), "all jobs are back")
    endpoint.answering = done
    assert (await shift).acked == 200
    assert workplace.promoted == []


async def test_a_job_that_fails_by_its_own_fault_does_not_hold_the_others_for_ever(
    redis: Redis, workplace: Workplace, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("system_daemon.jobs.breaker.LONGEST_PAUSE_S", 5.0)

    async def answer(job: dict[str, object]) -> web.Response:
        if str(job["id"]) < job_id(14):
            return web.json_response({"code": "error", "message": "no such patient"})
        return await done(job)

    endpoint.answering = answer
    await enqueue(redis, *(payload(number) for number in range(40)))
    shift = await workplace.shift(
        {"job_class": "*", "endpoint": endpoint.url}, concurrency=4, max_attempts=1
    )
    assert shift.acked == 26
    assert sorted(workplace.promoted) == [job_id(number) for number in range(14)]


async def test_a_few_failures_among_successes_do_not_open_it(
    redis: Redis, workplace: Workplace, endpoint: Endpoint
) -> None:
    async def answer(job: dict[str, object]) -> web.Response:
        bad = int(str(job["id"]), 16) % 4 == 0
        return web.json_response({"code": "error" if bad else "success"})

    endpoint.answering = answer
    await enqueue(redis, *(payload(number) for number in range(100)))
    shift = await workplace.shift(
        {"job_class": "*", "endpoint": endpoint.url}, concurrency=1, max_attempts=1
    )
    assert (shift.holds, shift.promoted, shift.acked) == (0, 25, 75)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_target_that_asks_for_a_pause_gets_it_and_no_attempt_is_burned(
    redis: Redis,
    workplace: Workplace,
    endpoint: Endpoint,
    told: Callable[[], Sequence[str]],
    status: int,
) -> None:
    asked: list[float] = []
    resumed: list[float] = []

    async def answer(job: dict[str, object]) -> web.Response:
        if len(endpoint.jobs) in range(5, 9):
            asked.append(time.monotonic())
            return web.Response(status=status, headers={"Retry-After": "10"})
        if asked:
            resumed.append(time.monotonic())
        return await done(job)

    endpoint.answering = answer
    await enqueue(redis, *(payload(number) for number in range(30)))
    shift = await workplace.shift(
        {"job_class": "*", "endpoint": endpoint.url}, concurrency=1, max_attempts=1
    )
    assert (shift.acked, shift.failed, shift.promoted, shift.holds) == (30, 0, 0, 4)
    assert resumed[0] - asked[-1] >= 10 / 20
    assert {job["attempt"] for job in endpoint.jobs} == {1}
    assert endpoint.numbers == [0, 1, 2, 3, 4, 4, 4, 4, *range(4, 30)]
    assert any("asks for a pause" in line for line in told())


async def test_stopping_while_the_queue_is_held_leaves_everything_in_it(
    redis: Redis, workplace: Workplace, endpoint: Endpoint
) -> None:
    workplace.clock = time.monotonic
    endpoint.answering = _down
    await enqueue(redis, *(payload(number) for number in range(50)))
    shift = asyncio.create_task(workplace.shift({"job_class": "*", "endpoint": endpoint.url}))
    await until(lambda: len(endpoint.jobs) >= 10, "the break opens")
    workplace.stop.set()
    ended = await shift
    assert (ended.acked, ended.promoted) == (0, 0)
    assert await waiting(redis) == list(range(50))
