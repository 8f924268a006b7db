"""The guard's record, on a real Redis: one request per try, whatever dies (design section 4)."""

from __future__ import annotations

import asyncio
import json

from redis.asyncio import Redis

from system_daemon.outcome import Outcome
from system_daemon.services.record import RESTARTED, CallRecord, InFlight
from system_daemon.services.result import Result
from tests.integration.services.reply_dropper import ReplyDropper

RESULT = Result(
    outcome=Outcome.SUCCESS,
    message="3 imported",
    details=("not kept",),
    http_status=200,
    duration_ms=12,
)
KEPT = Result(outcome=Outcome.SUCCESS, message="3 imported", http_status=200, duration_ms=12)


def record(redis: Redis) -> CallRecord:
    return CallRecord(redis=redis, attempt_id="uuid:1")


async def test_r36_only_one_of_many_copies_may_send(redis: Redis) -> None:
    found = await asyncio.gather(*(record(redis).begin(30) for _ in range(20)))
    assert found.count(None) == 1
    assert sum(isinstance(one, InFlight) for one in found) == 19


async def test_the_record_expires_long_after_the_call_could(redis: Redis) -> None:
    one = record(redis)
    await one.begin(1000)
    assert 7 * 24 * 3600 < await redis.ttl(one.key) <= 7 * 24 * 3600 + 1000
    await one.complete(RESULT)
    assert 23 * 3600 < await redis.ttl(one.key) <= 24 * 3600


async def test_a_recorded_result_comes_back_without_its_details(redis: Redis) -> None:
    one = record(redis)
    assert await one.find() is None
    await one.begin(30)
    await one.complete(RESULT)
    assert await record(redis).find() == KEPT
    assert await record(redis).begin(30) == KEPT
    stored = json.loads(await redis.get(one.key))
    assert set(stored) == {"state", "outcome", "message", "http_status", "duration_ms"}


async def test_a_lost_reply_is_recognised_as_ones_own_record(
    lossy_redis: Redis, dropper: ReplyDropper, redis: Redis
) -> None:
    dropper.marker = b"in_flight"
    assert await record(lossy_redis).begin(30) is None
    assert dropper.dropped == 1
    assert isinstance(await record(redis).begin(30), InFlight)


async def test_a_second_copy_gets_the_result_when_it_comes(redis: Redis) -> None:
    first, second = record(redis), record(redis)
    await first.begin(60)
    seen = await second.begin(60)
    assert isinstance(seen, InFlight)
    waiting = asyncio.create_task(second.wait_out(seen))
    await first.complete(RESULT)
    assert await waiting == KEPT


async def test_r36_a_second_copy_waits_for_the_timeout_and_not_longer(redis: Redis) -> None:
    first, second = record(redis), record(redis)
    await first.begin(0.5)
    seen = await second.find()
    assert isinstance(seen, InFlight)
    began = asyncio.get_running_loop().time()
    assert await second.wait_out(seen) == Result(outcome=Outcome.TIMEOUT, message=RESTARTED)
    assert 1.0 < asyncio.get_running_loop().time() - began < 4


async def test_r36_a_timeout_that_is_long_over_is_not_waited_for(redis: Redis) -> None:
    one = record(redis)
    past = {"state": "in_flight", "nonce": "n", "started": 1_000_000.0, "timeout": 600}
    await redis.set(one.key, json.dumps(past), ex=60)
    seen = await one.find()
    assert isinstance(seen, InFlight)
    async with asyncio.timeout(2):
        assert (await one.wait_out(seen)).outcome is Outcome.TIMEOUT


async def test_a_record_that_vanishes_ends_the_wait(redis: Redis) -> None:
    one = record(redis)
    await one.begin(600)
    seen = await one.find()
    assert isinstance(seen, InFlight)
    await redis.delete(one.key)
    async with asyncio.timeout(2):
        assert (await one.wait_out(seen)).outcome is Outcome.TIMEOUT
