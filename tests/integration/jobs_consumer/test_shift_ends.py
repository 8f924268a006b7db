"""Shifts that end although jobs wait: asked to, old, or broken."""

from __future__ import annotations

import asyncio
import time

import pytest
from aiohttp import web
from redis.asyncio import Redis

from system_daemon.jobs import consumer, ending
from system_daemon.jobs.acks import Acks
from system_daemon.jobs.in_flight import InFlight
from tests.integration.jobs_consumer.clinic import (
    Endpoint,
    after,
    done,
    enqueue,
    payload,
    until,
    waiting,
)
from tests.integration.jobs_consumer.conftest import Workplace


async def test_a_rest_lets_what_runs_take_its_time_and_gives_the_rest_back(
    redis: Redis, workplace: Workplace, endpoint: Endpoint
) -> None:
    gate = asyncio.Event()
    endpoint.answering = after(gate)
    await enqueue(redis, *(payload(number) for number in range(20)))
    shift = asyncio.create_task(
        workplace.shift({"job_class": "*", "endpoint": endpoint.url}, concurrency=2, grace=0)
    )
    await until(lambda: endpoint.now == 2, "two jobs run")
    workplace.rest.set()

    async def back() -> bool:
        return await waiting(redis) == list(range(2, 20))

    await until(back, "the others wait")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(shift), 0.3)
    gate.set()
    assert (await shift).acked == 2
    assert endpoint.numbers == [0, 1]


async def test_an_old_shift_ends_although_jobs_wait(
    redis: Redis, workplace: Workplace, endpoint: Endpoint
) -> None:
    workplace.clock = lambda: time.monotonic() * 200

    async def fed(job: dict[str, object]) -> web.Response:
        await enqueue(redis, payload(len(endpoint.jobs) + 10))
        return await done(job)

    endpoint.answering = fed
    await enqueue(redis, *(payload(number) for number in range(10)))
    shift = await workplace.shift({"job_class": "*", "endpoint": endpoint.url}, max_shift=60)
    assert len(await waiting(redis)) == 10
    assert shift.acked == len(endpoint.jobs) == len(set(endpoint.numbers))


async def test_an_old_shift_cuts_no_job_off_and_meanwhile_serves_the_others(
    redis: Redis, workplace: Workplace, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    workplace.clock = lambda: time.monotonic() * 200
    monkeypatch.setattr(consumer, "_LOOK_S", 0.01)
    gate = asyncio.Event()
    tried = 0
    failed_to_rest = ending.Ending.failed_to_rest

    def counting(it: ending.Ending) -> None:
        nonlocal tried
        tried += 1
        failed_to_rest(it)

    monkeypatch.setattr(ending.Ending, "failed_to_rest", counting)

    async def answer(job: dict[str, object]) -> web.Response:
        if job["class"] == "Long":
            await gate.wait()
        return await done(job)

    endpoint.answering = answer
    await enqueue(redis, payload(0, "Long"))
    shift = asyncio.create_task(
        workplace.shift({"job_class": "*", "endpoint": endpoint.url}, max_shift=60, concurrency=2)
    )
    await until(lambda: tried == 1, "it is old and could not come to rest")
    await enqueue(redis, payload(1))
    await until(lambda: 1 in endpoint.numbers, "it serves the queue")
    await until(lambda: tried == 2, "it tried again")
    gate.set()
    assert (await shift).acked == 2


async def test_a_handler_that_raises_fails_its_own_job_alone(
    redis: Redis, workplace: Workplace, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    from system_daemon.jobs.handlers import endpoint as endpoints

    async def broken(self: endpoints.Endpoint, job: object) -> object:
        if job.args[0]["number"] == 3:  # type: ignore[attr-defined]
            raise RuntimeError("canary-Zw7")
        return await call(self, job)  # type: ignore[arg-type]

    call = endpoints.Endpoint.__call__
    monkeypatch.setattr(endpoints.Endpoint, "__call__", broken)
    await enqueue(redis, *(payload(number) for number in range(6)))
    shift = await workplace.shift(
        {"job_class": "*", "endpoint": endpoint.url}, concurrency=2, max_attempts=2
    )
    assert (shift.acked, shift.failed, shift.promoted) == (5, 2, 1)


@pytest.mark.parametrize("part", [(Acks, "run"), (InFlight, "begin"), (InFlight, "finish")])
async def test_a_part_that_breaks_ends_the_shift_in_an_error_and_loses_no_job(
    redis: Redis,
    workplace: Workplace,
    endpoint: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
    part: tuple[type, str],
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a part is broken")

    async def broken_coroutine(*_: object) -> None:
        broken()

    monkeypatch.setattr(consumer, "_FAREWELL_S", 0.2)
    monkeypatch.setattr(*part, broken if part[1] == "finish" else broken_coroutine)
    await enqueue(redis, *(payload(number) for number in range(6)))
    with pytest.raises(RuntimeError, match="a part is broken"):
        await asyncio.wait_for(
            workplace.shift(
                {"job_class": "*", "endpoint": endpoint.url}, concurrency=2, linger=60, grace=0.1
            ),
            20,
        )
    monkeypatch.undo()
    left = await waiting(redis)
    assert set(left) | set(endpoint.numbers) == set(range(6))
    assert workplace.queue is not None
    await workplace.queue.stop()
