"""Jobs over HTTP: what is sent, and what the answers mean."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from aiohttp import web
from redis.asyncio import Redis

from system_daemon.access import HttpAccess, Login
from system_daemon.configuration.settings import Settings
from system_daemon.jobs import breaker
from tests.integration.jobs_consumer.clinic import KEYS, Endpoint, enqueue, job_id, payload
from tests.integration.jobs_consumer.conftest import Workplace


async def test_a_job_is_posted_with_its_id_its_deadline_and_nothing_else(
    redis: Redis, workplace: Workplace, endpoint: Endpoint
) -> None:
    raw = r'{"class":"App\\Send","args":[{"name":"Nu\u00f1ez \"x\"","n":1.5}],"id":"a1"}'
    await enqueue(redis, raw)
    await workplace.shift({"job_class": "App*", "endpoint": endpoint.url, "timeout": 12})
    assert endpoint.jobs == [
        {
            "id": "a1",
            "class": "App\\Send",
            "args": [{"name": 'Nuñez "x"', "n": 1.5}],
            "queue": "clinic",
            "attempt": 1,
        }
    ]
    (headers,) = endpoint.headers
    assert headers["Idempotency-Key"] == "a1"
    assert headers["System-Daemon-Deadline"] == "12"
    assert headers["Content-Type"] == headers["Accept"] == "application/json"
    assert headers["Accept-Encoding"] == "identity"
    assert "Authorization" not in headers


async def test_a_job_without_an_id_keeps_the_one_it_was_given(
    redis: Redis, workplace: Workplace, endpoint: Endpoint
) -> None:
    async def fail_once(job: dict[str, object]) -> web.Response:
        return web.json_response({"code": "error" if job["attempt"] == 1 else "success"})

    endpoint.answering = fail_once
    ruby = '{"class":"Import","args":[{"number":1},2]}'
    await enqueue(redis, ruby, ruby)
    shift = await workplace.shift({"job_class": "*", "endpoint": endpoint.url}, concurrency=1)
    assert shift.acked == 2
    first, again, second, _ = (str(job["id"]) for job in endpoint.jobs)
    assert first == again != second
    assert endpoint.headers[0]["Idempotency-Key"] == endpoint.headers[1]["Idempotency-Key"]


async def test_authentication_and_headers_come_from_the_connection(
    redis: Redis, workplace: Workplace, endpoint: Endpoint
) -> None:
    workplace.connections.access = HttpAccess(
        headers={"X-Clinic": "7"}, auth=Login("daemon", "secret")
    )
    await enqueue(redis, payload(1), payload(2))
    await workplace.shift(
        {"job_class": "*", "endpoint": endpoint.url, "connection": "api"}, concurrency=1
    )
    assert workplace.connections.asked == ["api"], "asked once a shift, not once a job"
    assert {each["X-Clinic"] for each in endpoint.headers} == {"7"}
    assert all(each["Authorization"].startswith("Basic ") for each in endpoint.headers)


@pytest.mark.parametrize("status", [401, 403])
async def test_credentials_that_are_not_known_any_more_are_read_again(
    redis: Redis, workplace: Workplace, endpoint: Endpoint, status: int
) -> None:
    async def answer(_job: dict[str, object]) -> web.Response:
        if endpoint.headers[-1]["X-Key"] == "new":
            return web.json_response({"code": "success"})
        workplace.connections.access = HttpAccess(headers={"X-Key": "new"})
        return web.Response(status=status)

    workplace.connections.access = HttpAccess(headers={"X-Key": "old"})
    endpoint.answering = answer
    await enqueue(redis, *(payload(number) for number in range(5)))
    shift = await workplace.shift(
        {"job_class": "*", "endpoint": endpoint.url, "connection": "api"}, concurrency=1
    )
    assert (shift.acked, shift.failed) == (5, 1)
    assert workplace.connections.asked == ["api", "api"]


async def test_after_a_break_the_connection_is_read_again(
    redis: Redis, workplace: Workplace, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that says in words of its own that the credentials are wrong."""

    async def answer(_job: dict[str, object]) -> web.Response:
        if endpoint.headers[-1]["X-Key"] == "new":
            return web.json_response({"code": "success"})
        if len(endpoint.jobs) == breaker.LEAST_FAILURES:
            workplace.connections.access = HttpAccess(headers={"X-Key": "new"})
        return web.json_response({"code": "error", "message": "unknown client"})

    monkeypatch.setattr(breaker, "FIRST_PAUSE_S", 0.3)
    monkeypatch.setattr("system_daemon.jobs.handlers.endpoint._READ_AGAIN_S", 0.3)
    workplace.connections.access = HttpAccess(headers={"X-Key": "old"})
    endpoint.answering = answer
    await enqueue(redis, *(payload(number) for number in range(30)))
    shift = await workplace.shift(
        {"job_class": "*", "endpoint": endpoint.url, "connection": "api"},
        concurrency=1,
        max_attempts=20,
    )
    assert shift.acked == 30
    keys = [each["X-Key"] for each in endpoint.headers]
    assert keys.count("old") == breaker.LEAST_FAILURES, "the first probe has the new key"


def _json(**content: object) -> Callable[[], web.Response]:
    return lambda: web.json_response(content)


ANSWERS: dict[str, tuple[Callable[[], web.StreamResponse], bool, str]] = {
    "success": (_json(code="success"), True, ""),
    "idle": (_json(code="idle", message="nothing to do"), True, ""),
    "success of another dialect": (_json(status="success"), True, ""),
    "error": (_json(code="error", message="no bed"), False, "no bed"),
    "error without words": (_json(code="error"), False, ""),
    "unknown code": (_json(code="succes"), False, "unknown code 'succes'"),
    "server error": (lambda: web.Response(status=500), False, "HTTP 500"),
    "redirect": (
        lambda: web.Response(status=302, headers={"Location": "/x"}),
        False,
        "redirects are not followed",
    ),
    "html": (lambda: web.Response(text="<p>hi", content_type="text/html"), False, "'text/html'"),
    "success in html": (
        lambda: web.Response(text='{"code":"success"}', content_type="text/html"),
        False,
        "expected application/json",
    ),
    "success with 500": (lambda: web.json_response({"code": "success"}, status=500), False, "500"),
    "no object": (lambda: web.json_response(["success"]), False, "an array"),
    "empty": (lambda: web.Response(content_type="application/json"), False, "empty"),
    "too large": (lambda: web.json_response({"code": "x" * 1_100_000}), False, "larger than 1 MiB"),
}


@pytest.mark.parametrize(("answer", "acked", "reason"), ANSWERS.values(), ids=ANSWERS)
async def test_answers_mean_what_a_services_answers_mean(
    redis: Redis,
    workplace: Workplace,
    endpoint: Endpoint,
    told: Callable[[], Sequence[str]],
    answer: Callable[[], web.Response],
    acked: bool,
    reason: str,
) -> None:
    async def answering(_job: dict[str, object]) -> web.Response:
        return answer()

    endpoint.answering = answering
    await enqueue(redis, payload(1))
    shift = await workplace.shift({"job_class": "*", "endpoint": endpoint.url}, max_attempts=1)
    assert (shift.acked, shift.promoted) == ((1, 0) if acked else (0, 1))
    lines = [line for line in told() if "failed at attempt" in line]
    assert bool(lines) is not acked
    assert all(reason in line for line in lines)


async def test_a_whole_answer_comes_in_time_or_the_attempt_failed(
    redis: Redis, workplace: Workplace, endpoint: Endpoint, told: Callable[[], Sequence[str]]
) -> None:
    async def dripping(_job: dict[str, object]) -> Any:
        return _Dripping()

    endpoint.answering = dripping
    await enqueue(redis, payload(1))
    shift = await workplace.shift(
        {"job_class": "*", "endpoint": endpoint.url, "timeout": 0.2}, max_attempts=1
    )
    assert shift.promoted == 1
    assert any("gave no whole answer within 0.2 s" in line for line in told())


class _Dripping(web.StreamResponse):
    """Sends a space every few milliseconds, for ever."""

    async def write_eof(self, data: bytes = b"") -> None:
        import asyncio

        while True:
            await self.write(b" ")
            await asyncio.sleep(0.02)


async def test_a_host_that_is_not_allowed_is_not_called(
    redis: Redis, workplace: Workplace, endpoint: Endpoint, told: Callable[[], Sequence[str]]
) -> None:
    await enqueue(redis, payload(1))
    shift = await workplace.shift(
        {"job_class": "*", "endpoint": endpoint.url},
        settings=Settings(allowed_hosts=("his.example",)),
        max_attempts=1,
    )
    assert (shift.promoted, endpoint.jobs) == (1, [])
    assert any("is not among the allowed hosts" in line for line in told())


async def test_what_the_service_says_is_left_out_where_it_quotes_the_job(
    redis: Redis, workplace: Workplace, endpoint: Endpoint, told: Callable[[], Sequence[str]]
) -> None:
    async def quoting(job: Any) -> web.Response:
        name = job["args"][0]["name"]
        return web.json_response({"code": "error", "message": f"no bed for {name.upper()}"})

    endpoint.answering = quoting
    await enqueue(redis, payload(1, name="Ana Muster"))
    await workplace.shift({"job_class": "*", "endpoint": endpoint.url}, max_attempts=1)
    (line,) = [line for line in told() if "failed at attempt" in line]
    assert line.endswith("its words quote the job and are left out")
    failed = await redis.lrange(KEYS.failed, 0, -1)
    assert b"MUSTER" not in json.dumps([each.decode() for each in failed]).encode()


async def test_an_id_of_any_kind_fits_into_the_header(
    redis: Redis, workplace: Workplace, endpoint: Endpoint
) -> None:
    raw = json.dumps({"class": "Import", "args": [{"number": 1}], "id": "é\r\nX-Evil: 1"})
    await enqueue(redis, raw)
    assert (await workplace.shift({"job_class": "*", "endpoint": endpoint.url})).acked == 1
    assert endpoint.headers[0]["Idempotency-Key"] == r"\u00e9\r\nX-Evil: 1"
    assert "X-Evil" not in endpoint.headers[0]
    assert endpoint.jobs[0]["id"] == "é\r\nX-Evil: 1"


async def test_a_closed_connection_is_opened_again(
    redis: Redis, workplace: Workplace, endpoint: Endpoint
) -> None:
    async def closing(_job: dict[str, object]) -> web.Response:
        response = web.json_response({"code": "success"})
        response.force_close()
        return response

    endpoint.answering = closing
    await enqueue(redis, *(payload(number) for number in range(5)))
    shift = await workplace.shift({"job_class": "*", "endpoint": endpoint.url}, concurrency=1)
    assert (shift.acked, shift.failed, len(endpoint.peers)) == (5, 0, 5)
    assert [str(job["id"]) for job in endpoint.jobs] == [job_id(number) for number in range(5)]
