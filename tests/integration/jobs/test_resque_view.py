"""What PHP, Ruby and resque-web see of our consumers, key by key (R8, R12)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from system_daemon.jobs import scripts
from system_daemon.jobs.keys import Keys
from system_daemon.jobs.queue import JobQueue
from tests.integration.jobs.crew import FORK, PHP_1_2, PHP_MASTER, Crew, php, ruby

PHP_DATE = r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d UTC \d{4}"
PHP_STATUS = b'{"status":1,"updated":1763845200,"started":1763845200}'
FORK_STATUS = b'{"status":1,"updated":1763845200,"started":1763845200,"result":null}'


async def packet(crew: Crew, key: str) -> dict[str, Any]:
    return dict(json.loads(await crew.redis.get(key)))


async def test_workers_and_working(crew: Crew, consumer: JobQueue) -> None:
    redis, keys, worker = crew.redis, crew.keys, consumer.worker
    host, pid, queues = worker.split(":")
    assert (host.startswith("system-daemon-"), pid.isdigit(), queues) == (True, True, "q")
    await consumer.start()
    assert await redis.smembers("resque:workers") == {worker.encode()}
    assert re.fullmatch(PHP_DATE, (await redis.get(f"resque:worker:{worker}:started")).decode())
    assert await redis.get(f"resque:worker:{worker}") is None
    await crew.push(php(1), ruby(2))
    one, other = (await consumer.claim("a", 2)).jobs
    working = await packet(crew, f"resque:worker:{worker}")
    assert list(working) == ["queue", "run_at", "payload"]
    assert (working["queue"], working["payload"]) == ("q", json.loads(php(1)))
    assert re.fullmatch(PHP_DATE, working["run_at"])
    await consumer.ack([one])
    working = await packet(crew, f"resque:worker:{worker}")
    assert working["payload"] == {"class": "C", "args": [2, "two"], "id": other.id}
    await consumer.ack([other])
    assert await redis.get(f"resque:worker:{worker}") is None
    assert await redis.get(f"resque:stat:processed:{worker}") == b"2"
    started = await redis.get(f"resque:worker:{worker}:started")
    await consumer.beat()
    assert await redis.get(f"resque:worker:{worker}:started") == started
    assert not await redis.exists("resque:workers:heartbeat")  # Ruby would prune it by that
    await consumer.stop()
    left = {key async for key in redis.scan_iter("*")}
    assert left == {b"resque:queues", b"resque:stat:processed"}
    assert await redis.exists(keys.workers) == 0


@pytest.mark.parametrize("ending", ["bury", "give_back", "promote"])
async def test_working_ends_with_every_ending(crew: Crew, consumer: JobQueue, ending: str) -> None:
    await crew.push(php(1))
    (job,) = (await consumer.claim("a", 1)).jobs
    assert await crew.redis.exists(f"resque:worker:{consumer.worker}")
    if ending == "bury":
        await consumer.bury(job, exception="E", error="e")
    elif ending == "give_back":
        await consumer.give_back([job])
    else:
        await consumer.promote(job)
    assert not await crew.redis.exists(f"resque:worker:{consumer.worker}")
    await consumer.finish_promoted(job.id)


@pytest.mark.parametrize(
    "form", [PHP_1_2, PHP_MASTER, FORK, None], ids=["1.2", "master", "fork", "ruby"]
)
async def test_a_failed_job_stands_in_the_failed_list_with_its_payload(
    crew: Crew, consumer: JobQueue, form: bytes | None
) -> None:
    payload = form % (7, 7) if form else ruby(7)
    await crew.push(payload)
    (job,) = (await consumer.claim("a", 1)).jobs
    assert await consumer.bury(job, exception="EndpointError", error='said "no"')
    (item,) = await crew.redis.lrange("resque:failed", 0, -1)
    kept = payload if form else payload[:-1] + f',"id":"{job.id}"}}'.encode()
    assert b'"payload":' + kept + b',"exception":' in item
    fields = json.loads(item)
    assert list(fields) == [
        "failed_at", "payload", "exception", "error", "backtrace", "worker", "queue",
    ]  # fmt: skip
    assert re.fullmatch(PHP_DATE, fields["failed_at"])
    assert (fields["exception"], fields["error"]) == ("EndpointError", 'said "no"')
    assert (fields["backtrace"], fields["worker"], fields["queue"]) == ([], consumer.worker, "q")
    for stat in ("processed", "failed"):
        assert await crew.redis.get(f"resque:stat:{stat}") == b"1"
        assert await crew.redis.get(f"resque:stat:{stat}:{consumer.worker}") == b"1"


async def test_statuses_of_php_resque(crew: Crew, consumer: JobQueue) -> None:
    """Only those that exist; failed and complete ones expire after a day."""
    await crew.push(*map(php, range(5)))
    keys = [f"resque:job:{n:032x}:status" for n in range(5)]
    for key in keys[:4]:
        await crew.redis.set(key, PHP_STATUS)
    done, failed, back, promoted, _ = jobs = (await consumer.claim("a", 5)).jobs
    for key in keys[:4]:
        assert re.fullmatch(rb'\{"status":2,"updated":\d{10}\}', await crew.redis.get(key))
        assert await crew.redis.ttl(key) == -1
    await consumer.ack([done, jobs[4]])
    await consumer.bury(failed, exception="E", error="e")
    await consumer.give_back([back])
    await consumer.promote(promoted)
    codes = [(await packet(crew, key))["status"] for key in keys[:4]]
    assert codes == [4, 3, 1, 2]
    ttls = [await crew.redis.ttl(key) for key in keys[:4]]
    assert [86400 - 60 < ttl <= 86400 for ttl in ttls[:2]] == [True, True]
    assert ttls[2:] == [-1, -1]
    await consumer.finish_promoted(promoted.id)
    assert (await packet(crew, keys[3]))["status"] == 4
    assert await crew.redis.ttl(keys[3]) > 0
    assert not await crew.redis.exists(keys[4])


async def test_statuses_of_the_fork_keep_their_start_and_their_result(
    crew: Crew, consumer: JobQueue
) -> None:
    await crew.push(FORK % (1, 1))
    key = f"resque:job:app_{1:032x}:status"
    await crew.redis.set(key, FORK_STATUS)
    (job,) = (await consumer.claim("a", 1)).jobs
    running = rb'\{"status":2,"updated":\d{10},"started":1763845200,"result":null\}'
    assert re.fullmatch(running, await crew.redis.get(key))
    await consumer.ack([job])
    complete = running.replace(b":2", b":4")
    assert re.fullmatch(complete, await crew.redis.get(key))
    assert not await crew.redis.exists(f"resque:job:{1:032x}:status")


@pytest.mark.parametrize("ending", ["ack", "bury"])
@pytest.mark.parametrize("chance", ["ack", "beat", "stop"])
async def test_a_status_set_after_the_jobs_end_is_corrected(
    crew: Crew,
    consumer: JobQueue,
    monkeypatch: pytest.MonkeyPatch,
    ending: str,
    chance: str,
) -> None:
    monkeypatch.setattr("system_daemon.jobs.late_status._WAIT_S", 0.0)
    await crew.push(php(1))
    key = f"resque:job:{1:032x}:status"
    (job,) = (await consumer.claim("a", 1)).jobs
    if ending == "ack":
        await consumer.ack([job])
    else:
        await consumer.bury(job, exception="E", error="e")
    await crew.redis.set(key, PHP_STATUS)
    if chance == "ack":
        assert await consumer.ack([job]) == []
    elif chance == "beat":
        await consumer.beat()
    else:
        await consumer.stop()
    assert (await packet(crew, key))["status"] == (4 if ending == "ack" else 3)
    assert await crew.redis.ttl(key) > 0


async def test_a_status_of_a_reaped_job_waits_or_failed(crew: Crew) -> None:
    await crew.push(php(1))
    key = f"resque:job:{1:032x}:status"
    await crew.redis.set(key, PHP_STATUS)
    for code in (1, 1, 3):
        dead = crew.consumer()
        await dead.claim("a", 1)
        assert (await packet(crew, key))["status"] == 2
        await crew.kill(dead)
        await crew.consumer().reap()
        assert (await packet(crew, key))["status"] == code
    assert await crew.redis.ttl(key) > 0


async def test_a_step_that_arrives_late_does_not_set_a_status_back(
    crew: Crew, consumer: JobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[object, ...]] = []
    run = scripts.BEGIN._run

    async def record(*args: object) -> object:
        sent.append(args)
        return await run(*args)

    monkeypatch.setattr(scripts.BEGIN, "_run", record)
    await crew.push(php(1))
    key = f"resque:job:{1:032x}:status"
    await crew.redis.set(key, PHP_STATUS)
    await consumer.ack((await consumer.claim("a", 1)).jobs)
    await run(*sent[0])
    assert (await packet(crew, key))["status"] == 4
    assert not await crew.redis.exists(f"resque:worker:{consumer.worker}")


@pytest.mark.parametrize(("given", "prefix"), [("site", "site:"), ("site:", "site:"), ("", "")])
async def test_the_namespace_is_configured(crew: Crew, given: str, prefix: str) -> None:
    await crew.redis.rpush(f"{prefix}queue:mail", php(1))
    consumer = crew.consumer("mail", namespace=given)
    jobs = (await consumer.claim("a", 1)).jobs
    assert len(jobs) == 1
    assert all(key.startswith(prefix.encode()) for key in await crew.redis.keys("*"))
    await consumer.ack(jobs)
    await consumer.stop()
    assert await crew.redis.keys("*") == [f"{prefix}stat:processed".encode()]


async def test_queues_with_any_name_keep_apart(crew: Crew, keys: Keys) -> None:
    names = ["a", "a:b", "b", "*", "ü", "a b", "system_daemon:promoted:a"]
    for index, name in enumerate(names):
        await crew.push(php(index), queue=name)
    for index, name in enumerate(names):
        consumer = crew.consumer(name)
        jobs = (await consumer.claim("a", 9)).jobs
        assert [job.raw for job in jobs] == [php(index)]
        assert await consumer.ack(jobs) == [jobs[0].id]
