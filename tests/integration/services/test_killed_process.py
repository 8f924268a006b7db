"""A process killed without a farewell: one request per try, and the lock ends by itself."""

from __future__ import annotations

import asyncio
import logging
import random
import sys
import uuid
from pathlib import Path

import pytest
from redis.asyncio import Redis

from system_daemon.outcome import Outcome
from system_daemon.services.attempt import Terms, attempt
from system_daemon.services.record import RESTARTED
from system_daemon.services.request import Request
from tests.integration.services.fault_server import FaultServer, answers, stalls
from tests.integration.services.until import until

INCLUDE = Path(__file__).parents[3] / "include"


async def start(
    server: FaultServer, redis_url: str, attempt_id: str, seconds: float
) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("one_attempt.py")),
        *(server.url, redis_url, attempt_id, str(seconds)),
        env={"PYTHONPATH": str(INCLUDE)},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    assert await process.stdout.readline() == b"ready\n"
    return process


async def again(server: FaultServer, redis: Redis, attempt_id: str, log: logging.Logger) -> Outcome:
    request = Request(service="import", url=server.url, parameters={}, timeout=1.0)
    terms = Terms(attempt_id=attempt_id, lock=True, on_idle=1.0)
    return (await attempt(request, terms, redis, log)).outcome


async def test_r38_a_process_killed_during_the_call_leaves_a_record_and_a_lock_that_ends(
    server: FaultServer,
    redis: Redis,
    redis_url: str,
    log: logging.Logger,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.behaviour = stalls
    process = await start(server, redis_url, "uuid:1", seconds=2.0)
    await until(lambda: server.open == 1)
    process.kill()
    await process.wait()
    server.behaviour = answers({"code": "success"})
    assert await again(server, redis, "uuid:2", log) is Outcome.LOCKED
    assert await again(server, redis, "uuid:1", log) is Outcome.TIMEOUT
    assert RESTARTED in caplog.text
    assert len(server.received) == 1
    assert await again(server, redis, "uuid:2", log) is Outcome.SUCCESS
    assert len(server.received) == 2


async def test_r36_killed_at_any_moment_a_try_sends_at_most_one_request(
    server: FaultServer, redis: Redis, redis_url: str, log: logging.Logger
) -> None:
    server.behaviour = answers({"code": "success"})
    moments = random.Random(2)
    for _ in range(6):
        server.received.clear()
        attempt_id = uuid.uuid4().hex
        process = await start(server, redis_url, attempt_id, seconds=1.0)
        await asyncio.sleep(moments.uniform(0, 0.04))  # the moment is the experiment
        if process.returncode is None:
            process.kill()
        await process.wait()
        outcome = await again(server, redis, attempt_id, log)
        assert outcome in {Outcome.SUCCESS, Outcome.TIMEOUT}
        assert len(server.received) == 1 or outcome is Outcome.TIMEOUT
        assert len(server.received) <= 1
