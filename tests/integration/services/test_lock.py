"""The lock between deployments, on a real Redis (R37, R38)."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest
from redis.asyncio import Redis

from system_daemon.outcome import Outcome
from system_daemon.services.day_mark import DayMark
from system_daemon.services.lock import Held, HeldElsewhere, ServiceLock
from system_daemon.services.record import CallRecord
from tests.integration.services.reply_dropper import ReplyDropper


def lock(redis: Redis, attempt_id: str, timeout: float = 30) -> ServiceLock:
    record = CallRecord(redis=redis, attempt_id=attempt_id)
    return ServiceLock(redis=redis, service="import", record=record, timeout=timeout)


async def test_r37_one_holder_and_the_refused_learns_the_remaining_time(redis: Redis) -> None:
    assert await lock(redis, "a").take() == Held(fencing_number=1)
    refused = await lock(redis, "b").take()
    assert isinstance(refused, HeldElsewhere)
    assert refused.remaining == pytest.approx(30, abs=5)


async def test_r38_a_released_lock_is_free_and_the_fencing_number_grows(redis: Redis) -> None:
    for number in (1, 2, 3):
        one = lock(redis, f"attempt {number}")
        assert await one.take() == Held(fencing_number=number)
        assert await one.release()
        assert not await one.release()


async def test_r38_nobody_releases_anothers_lock(redis: Redis) -> None:
    await lock(redis, "a").take()
    assert not await lock(redis, "b").release()
    assert isinstance(await lock(redis, "b").take(), HeldElsewhere)


async def test_r38_a_killed_holder_frees_the_lock_after_the_timeout(redis: Redis) -> None:
    await lock(redis, "a", timeout=0.2).take()
    other = lock(redis, "b")
    async with asyncio.timeout(5):
        while isinstance(held := await other.take(), HeldElsewhere):
            assert held.remaining is not None
            await asyncio.sleep(held.remaining)
    assert held == Held(fencing_number=2)


async def test_r37_a_lock_without_an_end_is_reported_as_such(redis: Redis) -> None:
    await redis.set("system_daemon:lock:import", "somebody")
    assert await lock(redis, "b").take() == HeldElsewhere(remaining=None)
    await redis.delete("system_daemon:lock:import")


async def test_r37_copies_of_one_attempt_share_it_and_extend_it(redis: Redis) -> None:
    await lock(redis, "a", timeout=5).take()
    assert await lock(redis, "a", timeout=60).take() == Held(fencing_number=1)
    assert await redis.pttl("system_daemon:lock:import") > 50_000


async def test_r38_a_copy_does_not_release_under_the_request_of_another(redis: Redis) -> None:
    first, second = lock(redis, "a"), lock(redis, "a")
    await first.take()
    await first.record.begin(30)
    await second.take()
    assert not await second.release()
    assert await first.release()


async def test_r37_a_lost_reply_neither_loses_the_lock_nor_draws_a_second_number(
    lossy_redis: Redis, dropper: ReplyDropper, redis: Redis
) -> None:
    dropper.marker = b"PEXPIRE"
    one = lock(lossy_redis, "a")
    assert await one.take() == Held(fencing_number=1)
    assert dropper.dropped == 1
    assert isinstance(await lock(redis, "b").take(), HeldElsewhere)
    dropper.marker = b"cjson"
    await one.release()
    assert dropper.dropped == 2
    assert await lock(redis, "b").take() == Held(fencing_number=2)


async def test_r38_the_days_execution_is_known_to_the_others_only(redis: Redis) -> None:
    def mark(attempt_id: str) -> DayMark:
        return DayMark(
            redis=redis,
            service="import",
            day=date(2026, 11, 22),
            attempt_id=attempt_id,
            deployment=f"host {attempt_id}",
        )

    assert await mark("a").executed_elsewhere() is None
    await mark("a").set(None)
    assert await mark("a").executed_elsewhere() is None
    running = "another deployment (host a) is running it today"
    assert await mark("b").executed_elsewhere() == running
    await mark("a").set(Outcome.IDLE)
    assert await mark("b").executed_elsewhere() == (
        "another deployment (host a) ran it today (outcome idle)"
    )
    assert 47 * 3600 < await redis.ttl("system_daemon:day:import:2026-11-22") <= 48 * 3600
