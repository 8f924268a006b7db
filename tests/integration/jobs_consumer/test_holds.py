"""A held route: its jobs wait in their order, and those of all others go on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from aiohttp import web
from redis.asyncio import Redis

from system_daemon.jobs.ending import RouteDownError
from tests.integration.jobs_consumer.clinic import Endpoint, done, enqueue, payload, until, waiting
from tests.integration.jobs_consumer.conftest import FASTER, Workplace

Told = Callable[[], Sequence[str]]

pytestmark = pytest.mark.usefixtures("faster")


@pytest.fixture
def free(endpoint: Endpoint) -> dict[str, Any]:
    """A route that works."""
    return {"job_class": "Free", "endpoint": endpoint.url}


@pytest.fixture(params=["refused", "no connection", "no handler", "refusing Airflow"])
def broken(
    request: pytest.FixtureRequest, workplace: Workplace, unused_tcp_port: int
) -> dict[str, Any]:
    """A route that does not, for one reason or another."""
    workplace.connections.missing.add("forgotten")
    if request.param == "refusing Airflow":
        workplace.refusals += [RuntimeError("no api")] * 1000
    return {
        "job_class": "Held*",
        **{
            "refused": {"endpoint": f"http://127.0.0.1:{unused_tcp_port}/"},
            "no connection": {"endpoint": "http://127.0.0.1:1/", "connection": "forgotten"},
            "no handler": {"handler": "nowhere:at_all"},
            "refusing Airflow": {"endpoint": f"http://127.0.0.1:{unused_tcp_port}/", "run": "dag"},
        }[request.param],
    }


@pytest.mark.parametrize("concurrency", [1, 8])
async def test_the_jobs_of_other_routes_go_on_and_those_of_the_broken_one_wait_in_order(
    redis: Redis,
    workplace: Workplace,
    endpoint: Endpoint,
    free: dict[str, Any],
    broken: dict[str, Any],
    told: Told,
    concurrency: int,
) -> None:
    kinds = ["HeldOne", "Free", "HeldTwo"]
    await enqueue(redis, *(payload(number, kinds[number % 3]) for number in range(300)))
    held = [number for number in range(300) if number % 3 != 1]

    async def all_that_can_be_done() -> bool:
        return len(endpoint.jobs) >= 100 and await waiting(redis) == held

    shift = asyncio.create_task(
        workplace.shift(broken, free, concurrency=concurrency, max_attempts=20)
    )
    await until(all_that_can_be_done, "only the jobs of the broken route are left")
    assert sorted(endpoint.numbers) == list(range(1, 300, 3))
    if concurrency == 1:
        assert endpoint.numbers == list(range(1, 300, 3))
    await enqueue(redis, payload(300, "Free"))
    await until(lambda: 300 in endpoint.numbers, "a new job of the other route is done at once")
    workplace.stop.set()
    ended = await shift
    assert await waiting(redis) == held
    assert (ended.acked, ended.promoted) == (101, 0)
    assert ended.holds >= 1
    assert any("is left alone" in line for line in told())


async def test_the_next_shift_remembers_and_gives_no_job_a_run_for_a_target_that_is_still_down(
    redis: Redis, workplace: Workplace, unused_tcp_port: int, told: Told
) -> None:
    workplace.clock = time.monotonic
    await enqueue(redis, *(payload(number) for number in range(50)))
    route = {"job_class": "*", "endpoint": f"http://127.0.0.1:{unused_tcp_port}/"}
    gone = []
    for number in range(1, 5):
        workplace.stop.clear()
        shift = asyncio.create_task(workplace.shift(route, concurrency=2, max_attempts=1))
        await until(
            lambda many=number: sum("is left alone" in line for line in told()) == many, "a hold"
        )
        workplace.stop.set()
        await shift
        gone.append(len(workplace.promoted))
    assert gone[0] < 10
    assert gone == [gone[0]] * 4, "the first shift alone had to find out"
    assert len(await waiting(redis)) == 50 - gone[0]


async def test_a_long_job_does_not_stall_the_trial_of_another_route(
    redis: Redis, workplace: Workplace, endpoint: Endpoint, free: dict[str, Any]
) -> None:
    gate = asyncio.Event()

    async def answer(job: dict[str, object]) -> web.Response:
        if job["class"] == "Free":
            await gate.wait()
        elif len(endpoint.jobs) < 14:
            return web.Response(status=503)
        return await done(job)

    endpoint.answering = answer
    await enqueue(redis, payload(0, "Free"), *(payload(number, "Held") for number in range(1, 40)))
    held = {"job_class": "Held", "endpoint": endpoint.url + "/held"}
    shift = asyncio.create_task(workplace.shift(held, free, concurrency=4, max_attempts=20))
    await until(lambda: set(endpoint.numbers) >= set(range(40)), "the route comes back")
    gate.set()
    assert (await shift).acked == 40


async def test_a_route_that_is_down_for_minutes_ends_the_shift_in_red_when_all_else_is_done(
    redis: Redis,
    workplace: Workplace,
    endpoint: Endpoint,
    free: dict[str, Any],
    unused_tcp_port: int,
) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}/held?patient=Zw7"
    await enqueue(redis, payload(1, "Held"), payload(2, "Free"), payload(3, "Held"))
    began = time.monotonic()
    with pytest.raises(RouteDownError) as raised:
        await workplace.shift({"job_class": "Held", "endpoint": url}, free, max_attempts=20)
    assert 300 / FASTER <= time.monotonic() - began < 600 / FASTER
    assert f"the route to http://127.0.0.1:{unused_tcp_port}/held has been down" in str(
        raised.value
    )
    assert "refused the connection" in str(raised.value)
    assert "Zw7" not in str(raised.value)
    assert endpoint.numbers == [2]
    assert await waiting(redis) == [1, 3]
    assert workplace.promoted == []
