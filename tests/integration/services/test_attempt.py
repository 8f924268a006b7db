"""Whole attempts: guard, lock, call and result together (R36-R38, design section 4)."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import uuid
from collections.abc import Mapping
from datetime import date

import pytest
from redis.asyncio import Redis

from system_daemon import redis_client
from system_daemon.outcome import Outcome
from system_daemon.services import attempt as attempt_module
from system_daemon.services.attempt import Terms, attempt
from system_daemon.services.record import RESTARTED
from system_daemon.services.request import Request
from system_daemon.services.result import Result
from tests.integration.services.fault_server import Exchange, FaultServer, answers, holds, stalls
from tests.integration.services.reply_dropper import ReplyDropper
from tests.integration.services.until import until

DAY = date(2026, 11, 22)
LOCK = "system_daemon:lock:import"


def request(server: FaultServer, timeout: float = 30, **headers: str) -> Request:
    return Request(
        service="import", url=server.url, parameters={}, timeout=timeout, headers=headers
    )


def terms(attempt_id: str | None = None, lock: bool = False, **more: object) -> Terms:
    fields: Mapping[str, object] = {"on_idle": 300.0, "deployment": "here"} | more
    return Terms(attempt_id=attempt_id or uuid.uuid4().hex, lock=lock, **fields)  # type: ignore[arg-type]


async def test_r26_the_request_carries_its_idempotency_key(
    server: FaultServer, redis: Redis, log: logging.Logger
) -> None:
    asked = request(server, **{"idempotency-key": "theirs", "X-Other": "kept"})
    result = await attempt(asked, terms("uuid:1"), redis, log)
    assert result.outcome is Outcome.SUCCESS
    [received] = server.received
    assert received.raw_head.lower().count(b"idempotency-key") == 1
    assert received.headers["idempotency-key"] == "uuid:1"
    assert received.headers["x-other"] == "kept"
    assert "system-daemon-fencing-token" not in received.headers
    assert await redis.exists(LOCK) == 0


async def test_r37_with_the_lock_the_request_carries_a_growing_fencing_number(
    server: FaultServer, redis: Redis, log: logging.Logger
) -> None:
    for _ in range(2):
        await attempt(request(server), terms(lock=True), redis, log)
    numbers = [one.headers["system-daemon-fencing-token"] for one in server.received]
    assert numbers == ["1", "2"]
    assert await redis.exists(LOCK) == 0


@pytest.mark.parametrize("lock", [False, True])
async def test_r36_two_copies_of_one_attempt_send_one_request_and_agree(
    lock: bool, server: FaultServer, redis: Redis, log: logging.Logger
) -> None:
    release = asyncio.Event()
    server.behaviour = holds(release, {"code": "idle", "message": "m"})
    rules = terms(lock=lock)
    copies = [asyncio.create_task(attempt(request(server), rules, redis, log)) for _ in range(5)]
    await until(lambda: server.open == 1)
    release.set()
    results = await asyncio.gather(*copies)
    assert len(server.received) == 1
    assert {(one.outcome, one.message) for one in results} == {(Outcome.IDLE, "m")}
    assert await redis.exists(LOCK) == 0


async def test_a_result_that_airflow_did_not_take_over_comes_again_without_a_call(
    server: FaultServer, redis: Redis, log: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    rules = terms()
    first = await attempt(request(server), rules, redis, log)
    caplog.clear()
    assert await attempt(request(server), rules, redis, log) == first
    assert len(server.received) == 1
    assert caplog.messages == [
        f"service=import outcome=success http_status=200 duration_ms={first.duration_ms} "
        'message="done"'
    ]


@pytest.mark.parametrize("lock", [False, True])
async def test_r36_a_killed_copy_is_waited_out_and_ends_as_timeout(
    lock: bool, server: FaultServer, redis: Redis, log: logging.Logger
) -> None:
    server.behaviour = stalls
    rules = terms(lock=lock)
    killed = asyncio.create_task(attempt(request(server, timeout=2), rules, redis, log))
    await until(lambda: server.open == 1)
    killed.cancel()
    with pytest.raises(asyncio.CancelledError):
        await killed
    assert await redis.exists(LOCK) == int(lock), "the service may still be working"
    result = await attempt(request(server, timeout=2), rules, redis, log)
    assert result == Result(outcome=Outcome.TIMEOUT, message=RESTARTED)
    assert len(server.received) == 1
    again = await attempt(request(server, timeout=0.3), terms(lock=lock), redis, log)
    assert again.outcome is Outcome.TIMEOUT
    assert len(server.received) == 2, "the next try calls again"


async def test_r38_a_lock_held_elsewhere_is_locked_and_says_when_to_try_again(
    server: FaultServer, redis: Redis, log: logging.Logger
) -> None:
    release = asyncio.Event()
    server.behaviour = holds(release, {"code": "success"})
    holder = asyncio.create_task(attempt(request(server), terms(lock=True), redis, log))
    await until(lambda: server.open == 1)
    by_ttl = await attempt(request(server), terms(lock=True), redis, log)
    by_idle = await attempt(request(server), terms(lock=True, on_idle=7.0), redis, log)
    release.set()
    await holder
    assert by_ttl.outcome is Outcome.LOCKED
    assert by_ttl.retry_after == pytest.approx(30, abs=5)
    assert by_idle.retry_after == 7.0
    assert len(server.received) == 1


async def test_r38_a_daily_service_waits_for_the_lock_and_then_counts_the_other_run(
    server: FaultServer, redis: Redis, log: logging.Logger
) -> None:
    release = asyncio.Event()
    server.behaviour = holds(release, {"code": "idle"})
    holder = asyncio.create_task(
        attempt(request(server), terms(lock=True, day=DAY, deployment="there"), redis, log)
    )
    await until(lambda: server.open == 1)
    meanwhile = await attempt(request(server), terms(lock=True, day=DAY, patience=60.0), redis, log)
    release.set()
    await holder
    afterwards = await attempt(
        request(server), terms(lock=True, day=DAY, patience=60.0), redis, log
    )
    assert (meanwhile.outcome, meanwhile.message) == (
        Outcome.LOCKED,
        "another deployment (there) is running it today",
    )
    assert afterwards.message == "another deployment (there) ran it today (outcome idle)"
    assert len(server.received) == 1
    assert await redis.exists(LOCK) == 0
    next_day = terms(lock=True, day=date(2026, 11, 23))
    assert (await attempt(request(server), next_day, redis, log)).outcome is Outcome.IDLE


async def test_r38_a_daily_service_keeps_trying_until_the_lock_is_free(
    server: FaultServer, redis: Redis, log: logging.Logger
) -> None:
    release = asyncio.Event()
    server.behaviour = holds(release, {"code": "success"})
    by_hand = asyncio.create_task(attempt(request(server), terms(lock=True), redis, log))
    await until(lambda: server.open == 1)
    daily = asyncio.create_task(
        attempt(request(server), terms(lock=True, day=DAY, patience=60.0), redis, log)
    )
    impatient = await attempt(request(server), terms(lock=True, day=DAY, patience=0.1), redis, log)
    assert impatient.outcome is Outcome.LOCKED
    release.set()
    await by_hand
    assert (await daily).outcome is Outcome.SUCCESS
    assert server.most_open == 1


async def test_r38_a_later_try_ignores_the_mark_of_its_day(
    server: FaultServer, redis: Redis, log: logging.Logger
) -> None:
    await attempt(request(server), terms(lock=True, day=DAY), redis, log)
    assert (await attempt(request(server), terms(lock=True), redis, log)).outcome == "success"


async def test_r37_two_deployments_never_call_at_the_same_time(
    server: FaultServer, redis_url: str, redis: Redis, log: logging.Logger
) -> None:
    async def works(exchange: Exchange) -> None:
        await asyncio.sleep(0.002)
        await answers({"code": "success"})(exchange)

    async def deployment() -> list[Result]:
        client = redis_client.connect(redis_url)
        results: list[Result] = []
        while [result.outcome for result in results].count(Outcome.SUCCESS) < 50:
            rules = terms(lock=True, on_idle=0.0)
            results.append(await attempt(request(server), rules, client, log))
        await client.aclose()
        return results

    server.behaviour = works
    both = await asyncio.gather(deployment(), deployment())
    outcomes = [result.outcome for results in both for result in results]
    assert server.most_open == 1
    assert set(outcomes) == {Outcome.SUCCESS, Outcome.LOCKED}
    assert outcomes.count(Outcome.SUCCESS) == len(server.received) == 100
    numbers = [int(one.headers["system-daemon-fencing-token"]) for one in server.received]
    assert numbers == sorted(set(numbers))


async def test_redis_down_before_the_request_is_an_error_and_nothing_is_sent(
    server: FaultServer, log: logging.Logger
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    client = redis_client.connect(f"redis://user:CANARY@127.0.0.1:{port}/0")
    async with asyncio.timeout(5):
        result = await attempt(request(server), terms(lock=True), client, log)
    await client.aclose()
    assert result.outcome is Outcome.ERROR
    assert result.message == (
        f"Redis did not answer at 127.0.0.1:{port} (ConnectionError); the call was not sent"
    )
    assert server.received == []


async def test_redis_that_is_silent_is_given_up_in_bounded_time(
    server: FaultServer, log: logging.Logger
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        client = redis_client.connect(f"redis://127.0.0.1:{port}/0", timeout=0.2)
        async with asyncio.timeout(5):
            result = await attempt(request(server), terms(), client, log)
        await client.aclose()
    assert result.outcome is Outcome.ERROR
    assert "(TimeoutError); the call was not sent" in result.message
    assert server.received == []


async def test_redis_down_after_the_request_keeps_the_result(
    server: FaultServer,
    dropper: ReplyDropper,
    lossy_redis: Redis,
    log: logging.Logger,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def answers_without_redis(exchange: Exchange) -> None:
        await dropper.stop()
        await answers({"code": "success", "message": "done"})(exchange)

    server.behaviour = answers_without_redis
    result = await attempt(request(server), terms(lock=True, day=DAY), lossy_redis, log)
    assert (result.outcome, result.message) == (Outcome.SUCCESS, "done")
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert [text.rsplit("; ", 1)[1] for text in warnings] == [
        "the result was not recorded",
        "the day was not marked as executed",
        "the lock was not released",
    ]


@pytest.mark.parametrize("marker", [b"PEXPIRE", b"in_flight", b"completed", b"cjson"])
async def test_r37_a_lost_reply_at_any_step_costs_nothing(
    marker: bytes,
    server: FaultServer,
    dropper: ReplyDropper,
    lossy_redis: Redis,
    redis: Redis,
    log: logging.Logger,
) -> None:
    dropper.marker = marker
    result = await attempt(request(server), terms(lock=True), lossy_redis, log)
    assert result.outcome is Outcome.SUCCESS
    assert dropper.dropped == 1
    assert len(server.received) == 1
    assert await redis.exists(LOCK) == 0


async def test_cancelling_before_the_request_gives_the_lock_back(
    server: FaultServer, redis: Redis, log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_args: object) -> None:
        locked.set()
        await asyncio.Event().wait()

    locked = asyncio.Event()
    monkeypatch.setattr(attempt_module.CallRecord, "begin", never)
    task = asyncio.create_task(attempt(request(server), terms(lock=True), redis, log))
    await locked.wait()
    assert await redis.exists(LOCK) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await redis.exists(LOCK) == 0


async def test_cancelling_after_the_answer_still_stores_it_and_gives_the_lock_back(
    server: FaultServer, redis: Redis, log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete = attempt_module.CallRecord.complete

    async def slow(record: attempt_module.CallRecord, result: Result) -> None:
        answered.set()
        await go_on.wait()
        await complete(record, result)

    answered, go_on = asyncio.Event(), asyncio.Event()
    monkeypatch.setattr(attempt_module.CallRecord, "complete", slow)
    rules = terms(lock=True)
    task = asyncio.create_task(attempt(request(server), rules, redis, log))
    await answered.wait()
    task.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await redis.exists(LOCK) == 0
    assert (await attempt(request(server), rules, redis, log)).outcome is Outcome.SUCCESS
    assert len(server.received) == 1


async def test_r38_the_calls_time_counts_from_before_the_lock_so_that_it_covers_the_call(
    server: FaultServer, redis: Redis, log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = attempt_module.CallRecord.begin

    async def slow(record: attempt_module.CallRecord, lasts: float) -> object:
        await asyncio.sleep(0.7)  # a Redis that is slow to answer
        return await begin(record, lasts)

    monkeypatch.setattr(attempt_module.CallRecord, "begin", slow)
    server.behaviour = stalls
    result = await attempt(request(server, timeout=1.0), terms(lock=True), redis, log)
    assert result.outcome is Outcome.TIMEOUT
    assert result.duration_ms < 600


async def test_whatever_breaks_is_an_error_without_values(
    server: FaultServer,
    redis: Redis,
    log: logging.Logger,
    caplog: pytest.LogCaptureFixture,
) -> None:
    rules = terms("broken")
    await redis.set("system_daemon:call:broken", "CANARY, not JSON", ex=60)
    result = await attempt(request(server), rules, redis, log)
    assert result.outcome is Outcome.ERROR
    assert result.message == "unexpected failure in the system daemon itself: JSONDecodeError"
    assert any("record.py" in text for text in caplog.messages)
    assert "CANARY" not in caplog.text
    assert server.received == []


async def test_e2_nothing_of_the_request_is_kept_in_redis(
    server: FaultServer, redis: Redis, log: logging.Logger
) -> None:
    asked = Request(
        service="import",
        url=f"http://CANARY:CANARY@127.0.0.1:{server.port}/?CANARY",
        parameters={"CANARY": "CANARY"},
        timeout=5,
        headers={"X-Api-Key": "CANARY"},
    )
    server.behaviour = answers({"code": "success", "echo": "CANARY", "error_details": ["CANARY"]})
    await attempt(asked, terms(lock=True, day=DAY), redis, log)
    kept = {key: await redis.get(key) async for key in redis.scan_iter("*")}
    assert kept
    assert "CANARY" not in json.dumps(kept)
