"""What becomes of jobs that fail, have no route, or belong to a DAG."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence

import pytest
from aiohttp import web
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from system_daemon.configuration.background_jobs import Route
from system_daemon.jobs.payload import Job
from system_daemon.jobs.routes import NoSuchArgumentError, dag_params
from tests.integration.jobs_consumer.clinic import (
    KEYS,
    QUEUE,
    Endpoint,
    done,
    enqueue,
    job_id,
    payload,
    until,
    waiting,
)
from tests.integration.jobs_consumer.conftest import Workplace


async def _failing(_job: dict[str, object]) -> web.Response:
    return web.json_response({"code": "error", "message": "the database is locked"})


async def test_a_failing_job_is_tried_again_quickly_and_then_gets_a_run_of_its_own(
    redis: Redis, workplace: Workplace, endpoint: Endpoint, told: Callable[[], Sequence[str]]
) -> None:
    async def answer(job: dict[str, object]) -> web.Response:
        return await (_failing if job["id"] == job_id(3) else done)(job)

    endpoint.answering = answer
    await enqueue(redis, *(payload(number) for number in range(6)))
    shift = await workplace.shift(
        {"job_class": "*", "endpoint": endpoint.url}, max_attempts=4, concurrency=2
    )
    assert (shift.acked, shift.failed, shift.promoted) == (5, 4, 1)
    assert workplace.promoted == [job_id(3)]
    assert [job["attempt"] for job in endpoint.jobs if job["id"] == job_id(3)] == [1, 2, 3, 4]
    ((known, kept),) = (await redis.hgetall(KEYS.promoted(QUEUE))).items()
    assert known == job_id(3).encode()
    assert json.loads(kept)["system_daemon"]["attempt"] == 4, "its run goes on counting"
    assert any("the database is locked" in line for line in told())


async def test_a_job_that_succeeds_at_the_second_attempt_is_done(
    redis: Redis, workplace: Workplace, endpoint: Endpoint
) -> None:
    async def answer(job: dict[str, object]) -> web.Response:
        return await (_failing if job["attempt"] == 1 else done)(job)

    endpoint.answering = answer
    await enqueue(redis, payload(1))
    shift = await workplace.shift({"job_class": "*", "endpoint": endpoint.url})
    assert (shift.acked, shift.failed, shift.promoted) == (1, 1, 0)


async def test_a_route_may_ask_for_a_run_of_its_own_at_once(
    redis: Redis, workplace: Workplace, endpoint: Endpoint
) -> None:
    await enqueue(redis, payload(1), payload(2, "Other"))
    shift = await workplace.shift(
        {"job_class": "Import", "endpoint": endpoint.url, "run": "dag"},
        {"job_class": "*", "endpoint": endpoint.url},
    )
    assert (shift.promoted, shift.acked) == (1, 1)
    assert workplace.promoted == [job_id(1)]
    assert endpoint.numbers == [2]


async def test_a_dag_route_starts_its_dag_once_for_each_job(
    redis: Redis, workplace: Workplace
) -> None:
    await enqueue(redis, *(payload(number) for number in range(4)))
    shift = await workplace.shift({"job_class": "*", "dag": "reports"}, concurrency=1)
    assert workplace.triggered == [f"reports:{job_id(number)}" for number in range(4)]
    assert (shift.acked, shift.promoted) == (4, 0)


async def test_a_dag_that_cannot_be_started_is_tried_again(
    redis: Redis, workplace: Workplace
) -> None:
    workplace.refusals.append(RuntimeError("no such DAG"))
    await enqueue(redis, payload(1))
    shift = await workplace.shift({"job_class": "*", "dag": "reports"})
    assert (shift.acked, shift.failed) == (1, 1)
    assert workplace.triggered == [f"reports:{job_id(1)}"]


async def test_a_job_without_a_route_is_buried_with_the_entry_to_add(
    redis: Redis, workplace: Workplace, endpoint: Endpoint
) -> None:
    await enqueue(redis, payload(1, "App\\Unknown"), payload(2))
    shift = await workplace.shift({"job_class": "Import", "endpoint": endpoint.url})
    assert (shift.buried, shift.acked) == (1, 1)
    (item,) = [json.loads(each) for each in await redis.lrange(KEYS.failed, 0, -1)]
    assert item["exception"] == "NoRoute"
    assert item["error"].startswith(
        r'expected a route for the class "App\\Unknown", got none; add {"job_class":'
        r' "App\\Unknown", "endpoint": "https://..."}'
    )
    assert item["payload"]["id"] == job_id(1)


async def test_a_job_without_a_route_waits_where_the_routes_were_edited_meanwhile(
    redis: Redis, workplace: Workplace, endpoint: Endpoint
) -> None:
    workplace.edited = True
    await enqueue(redis, payload(1, "JustAdded"), payload(2))
    shift = asyncio.create_task(workplace.shift({"job_class": "Import", "endpoint": endpoint.url}))
    await until(lambda: endpoint.numbers == [2], "the job that has a route")

    async def back() -> bool:
        return await waiting(redis) == [1]

    await until(back, "the other one is in the queue")
    workplace.stop.set()
    assert (await shift).buried == 0
    workplace.stop.clear()
    workplace.edited = False
    await workplace.shift({"job_class": "JustAdded", "endpoint": endpoint.url})
    assert endpoint.numbers == [2, 1]


async def test_an_unreadable_payload_never_blocks_the_head(
    redis: Redis, workplace: Workplace, endpoint: Endpoint
) -> None:
    await enqueue(redis, "{not json", payload(2))
    shift = await workplace.shift({"job_class": "*", "endpoint": endpoint.url}, concurrency=1)
    assert (shift.buried, shift.acked) == (1, 1)


@pytest.mark.parametrize("error", [RuntimeError("no api"), RedisConnectionError("gone")])
async def test_what_airflow_does_not_take_stays_in_the_queue(
    redis: Redis,
    workplace: Workplace,
    endpoint: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
    told: Callable[[], Sequence[str]],
    error: Exception,
) -> None:
    monkeypatch.setattr("system_daemon.jobs.breaker.FIRST_PAUSE_S", 0.05)
    endpoint.answering = _failing
    workplace.refusals.append(error)
    await enqueue(redis, *(payload(number) for number in range(3)))
    shift = await workplace.shift(
        {"job_class": "*", "endpoint": endpoint.url}, concurrency=1, max_attempts=1
    )
    assert workplace.promoted == [job_id(0), job_id(1), job_id(2)]
    assert (shift.promoted, shift.given_back, shift.holds) == (3, 1, 1)
    assert any("it stays in the queue" in line for line in told())
    assert not any("no api" in line for line in told())


async def test_a_dag_gets_the_params_that_its_route_names() -> None:
    job = Job(
        id="7",
        job_class="Report",
        args=[{"patient": {"id": 5}, "pages": [1, 2]}],
        queue="q",
        raw=b"",
    )
    named = {
        "patient": "args[0].patient.id",
        "page": "args[0].pages[1]",
        "job": "id",
        "kind": "class",
        "from": "queue",
        "all": "args",
    }
    route = Route(job_class="Report", dag="reports", params=named)
    assert dag_params(route, job) == {
        "patient": 5, "page": 2, "job": "7", "kind": "Report", "from": "q", "all": job.args,
    }  # fmt: skip
    for path in ("args[1]", "args[0].patient.name", "args.patient"):
        with pytest.raises(NoSuchArgumentError, match=r"^expected args\S+ in the job, got no"):
            dag_params(Route(job_class="R", dag="d", params={"p": path}), job)
    optional = {"p": "args[0].patient.name?", "q": "args[0].pages[0]?"}
    assert dag_params(Route(job_class="R", dag="d", params=optional), job) == {"q": 1}


async def test_the_queue_is_empty_in_the_end(redis: Redis, workplace: Workplace) -> None:
    await enqueue(redis, *(payload(number) for number in range(3)))
    await workplace.shift({"job_class": "*", "dag": "reports"})
    assert await waiting(redis) == []
