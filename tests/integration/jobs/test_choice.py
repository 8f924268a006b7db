"""Claims that pass jobs over by their class: those stay where they are, in their order."""

from __future__ import annotations

import json

import pytest
from redis.asyncio import Redis

from system_daemon.jobs import scripts
from system_daemon.jobs.choice import LOOK_AHEAD, Choice
from system_daemon.jobs.php_json import php_json
from system_daemon.jobs.queue import JobQueue
from tests.integration.jobs.crew import Crew
from tests.integration.services.reply_dropper import ReplyDropper


def job(index: int, job_class: str) -> bytes:
    return php_json({"class": job_class, "args": [{"n": index}], "id": f"{index:032x}"}).encode()


def index_of(payload: bytes) -> int:
    found: int = json.loads(payload)["args"][0]["n"]
    return found


async def test_what_is_left_out_stays_in_its_order_and_what_is_behind_it_is_taken(
    crew: Crew, consumer: JobQueue
) -> None:
    await crew.push(*(job(index, "Held" if index % 3 else "Free") for index in range(12)))
    claimed = await consumer.claim("a", 3, Choice(["Free"]))
    assert [index_of(each.raw) for each in claimed.jobs] == [0, 3, 6]
    assert [index_of(each) for each in await crew.waiting()] == [1, 2, 4, 5, 7, 8, 9, 10, 11]
    again = await consumer.claim("a", 3, Choice(["Free"]))
    assert again.jobs == claimed.jobs, "the same claim brings the same jobs"
    await consumer.give_back(claimed.jobs)


async def test_only_jobs_of_the_named_classes_are_taken(crew: Crew, consumer: JobQueue) -> None:
    await crew.push(*(job(index, f"C{index}") for index in range(5)))
    claimed = await consumer.claim("a", 10, Choice(["C3", "C1", "nowhere"]))
    assert [index_of(each.raw) for each in claimed.jobs] == [1, 3]
    assert [index_of(each) for each in await crew.waiting()] == [0, 2, 4]


@pytest.mark.parametrize("job_class", ["App\\Jobs\\Import", "a/b", "Größe", 'with "quotes"'])
@pytest.mark.parametrize("spaced", [True, False])
async def test_a_class_is_known_however_its_producer_writes_it(
    crew: Crew, consumer: JobQueue, job_class: str, spaced: bool
) -> None:
    fields = {"class": job_class, "args": [{"n": 1}]}
    separators = None if spaced else (",", ":")
    for ascii_only in (True, False):
        await crew.push(json.dumps(fields, separators=separators, ensure_ascii=ascii_only).encode())
    await crew.push(php_json(fields).encode())
    assert await consumer.classes() in ([job_class], [job_class] * 2)
    assert (await consumer.claim("a", 3, Choice(["Another"], unreadable=True))).jobs == []
    assert len((await consumer.claim("b", 3, Choice([job_class]))).jobs) == 3


async def test_what_has_no_class_is_taken_where_that_is_asked_for(
    crew: Crew, consumer: JobQueue
) -> None:
    await crew.push(job(0, "Held"), b"no job", b'{"id":"1","class":"Free","args":[{"n":2}]}')
    assert (await consumer.claim("a", 9, Choice(["Free"]))).buried == 0
    assert await crew.waiting() == [job(0, "Held"), b"no job"]
    assert (await consumer.claim("b", 9, Choice(["Free"], unreadable=True))).buried == 1
    assert await crew.waiting() == [job(0, "Held")]


async def test_equal_payloads_of_which_one_is_taken_leave_the_others(
    crew: Crew, consumer: JobQueue
) -> None:
    await crew.push(job(0, "Held"), *[job(1, "Free")] * 3)
    claimed = await consumer.claim("a", 2, Choice(["Free"]))
    assert [index_of(each.raw) for each in claimed.jobs] == [1, 1]
    assert await crew.waiting() == [job(0, "Held"), job(1, "Free")]


async def test_the_look_ahead_is_bounded(crew: Crew, consumer: JobQueue) -> None:
    await crew.push(*[job(0, "Held")] * LOOK_AHEAD, job(1, "Free"))
    assert (await consumer.claim("a", 2, Choice(["Free"]))).jobs == [], "it is too far"
    await crew.redis.lpop(crew.keys.queue("q"))
    claimed = await consumer.claim("b", 2, Choice(["Free"]))
    assert [index_of(each.raw) for each in claimed.jobs] == [1]


async def test_a_lost_reply_loses_and_doubles_nothing(
    crew: Crew, dropper: ReplyDropper, lossy_redis: Redis
) -> None:
    await crew.push(job(0, "Held"), job(1, "Free"), job(2, "Free"))
    consumer = crew.consumer(redis=lossy_redis)
    await consumer.start()
    await consumer.claim("warm", 0)
    dropper.marker = scripts.CLAIM._sha.encode()
    claimed = await consumer.claim("a", 1, Choice(["Free"]))
    assert [index_of(each.raw) for each in claimed.jobs] == [1]
    assert [index_of(each) for each in await crew.waiting()] == [0, 2]
    assert dropper.dropped == 1
