"""Python handlers: whatever one does, it harms only its own job."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any

import pytest
from redis.asyncio import Redis

from system_daemon.jobs.handlers import loop_thread
from system_daemon.jobs.handlers.context import Context
from system_daemon.jobs.payload import Job
from system_daemon.jobs.verdict import Failed, Wait
from tests.integration.jobs_consumer.clinic import Endpoint, enqueue, job_id, payload, until
from tests.integration.jobs_consumer.conftest import Workplace

DONE: list[tuple[str, int]] = []
HANGING: list[str] = []


async def fine(job: Job, context: Context) -> None:
    assert await context.redis.ping()
    DONE.append((job.job_class, job.args[0]["number"]))  # type: ignore[index,call-overload]


async def raising(job: Job, _context: Context) -> None:
    raise LookupError(f"no patient {job.args}")


async def leaving(_job: Job, _context: Context) -> None:
    sys.exit("the interpreter goes")


async def hanging(job: Job, _context: Context) -> None:
    HANGING.append(job.id)
    try:
        await asyncio.Event().wait()
    finally:
        HANGING.remove(job.id)


async def stubborn(_job: Job, _context: Context) -> None:
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue


async def blocking(job: Job, _context: Context) -> None:
    time.sleep(job.args[0]["seconds"])  # type: ignore[index,call-overload]  # noqa: ASYNC251
    DONE.append((job.job_class, job.args[0]["number"]))  # type: ignore[index,call-overload]


async def leaving_behind(job: Job, _context: Context) -> None:
    gc.collect()  # of earlier tests
    task = asyncio.create_task(_failing(job.args))
    await asyncio.wait([task])
    del task
    gc.collect()


async def _failing(args: object) -> None:
    raise LookupError(f"no patient {args}")


async def cancelled(_job: Job, _context: Context) -> None:
    raise asyncio.CancelledError


async def saying(job: Job, _context: Context) -> Failed | Wait:
    if job.attempt == 1:
        return Failed(exception="NotYet", reason="the bed is being made")
    return Wait(seconds=0.01, reason="the bed is taken")


def no_coroutine(_job: Job, _context: Context) -> None:
    raise AssertionError


@pytest.fixture(autouse=True)
def _handlers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """These functions as the module `clinic_jobs`."""
    module = ModuleType("clinic_jobs")
    module.__dict__.update(globals())
    monkeypatch.setitem(sys.modules, "clinic_jobs", module)
    DONE.clear()
    yield
    assert [thread for thread in threading.enumerate() if thread.name == "job handlers"] == []


def _routes(*names: str, **more: Any) -> list[dict[str, Any]]:
    return [{"job_class": name, "handler": f"clinic_jobs:{name}", **more} for name in names]


async def test_a_handler_runs_each_job_with_its_context(redis: Redis, workplace: Workplace) -> None:
    await enqueue(redis, *(payload(number, "fine") for number in range(50)))
    shift = await workplace.shift(*_routes("fine"))
    assert shift.acked == 50
    assert sorted(DONE) == [("fine", number) for number in range(50)]


@pytest.mark.parametrize("bad", ["raising", "leaving", "cancelled", "hanging"])
async def test_a_handler_that_fails_harms_only_its_own_job(
    redis: Redis, workplace: Workplace, told: Callable[[], Sequence[str]], bad: str
) -> None:
    jobs = [payload(number, bad if number == 3 else "fine") for number in range(20)]
    await enqueue(redis, *jobs)
    shift = await workplace.shift(
        *_routes("fine"), *_routes(bad, timeout=0.3), max_attempts=2, concurrency=4
    )
    assert (shift.acked, shift.failed, shift.promoted) == (19, 2, 1)
    assert workplace.promoted == [job_id(3)]
    lines = [line for line in told() if "failed at attempt" in line]
    said = {
        "raising": "clinic_jobs:raising raised LookupError at clinic_jobs, line",
        "leaving": "clinic_jobs:leaving raised SystemExit",
        "cancelled": "clinic_jobs:cancelled raised CancelledError",
        "hanging": "clinic_jobs:hanging did not end within 0.3 s",
    }
    assert all(said[bad] in line or "test_python_handler, line" in line for line in lines)
    assert not any("number" in line for line in told())


async def test_what_a_handler_leaves_behind_is_told_without_the_job(
    redis: Redis,
    workplace: Workplace,
    told: Callable[[], Sequence[str]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.ERROR, logger="asyncio")
    await enqueue(redis, payload(1, "leaving_behind", patient="Ana"))
    assert (await workplace.shift(*_routes("leaving_behind"))).acked == 1
    (line,) = [line for line in told() if "nobody waited for" in line]
    assert "nobody waited for raised LookupError at" in line
    assert "Ana" not in caplog.text


async def test_a_handler_that_does_not_let_go_is_left_behind(
    redis: Redis, workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_thread, "LAST_WORDS_S", 0.2)
    await enqueue(redis, payload(1, "stubborn"), payload(2, "fine"))
    shift = await workplace.shift(
        *_routes("fine"), *_routes("stubborn", timeout=0.2), max_attempts=1
    )
    assert (shift.acked, shift.promoted) == (1, 1)


async def test_a_handler_that_blocks_is_named_and_delays_nobody_elses_endpoint(
    redis: Redis, workplace: Workplace, endpoint: Endpoint, told: Callable[[], Sequence[str]]
) -> None:
    """Even a short time limit of others holds: their clock stands still meanwhile."""
    await enqueue(
        redis,
        payload(1, "blocking", seconds=1.6),
        *(payload(number, "fine") for number in range(2, 6)),
        *(payload(number, "Post") for number in range(6, 40)),
    )
    shift = asyncio.create_task(
        workplace.shift(
            *_routes("fine", timeout=0.9),
            *_routes("blocking", timeout=30),
            {"job_class": "Post", "endpoint": endpoint.url},
            concurrency=6,
            linger=0.2,
        )
    )
    await until(lambda: len(endpoint.jobs) == 34, "the endpoint has all its jobs")
    assert ("blocking", 1) not in DONE
    ended = await shift
    assert (ended.acked, ended.failed) == (39, 0)
    lines = [line for line in told() if "has blocked its event loop" in line]
    assert len(lines) == 1
    assert "the handler clinic_jobs:blocking of the job class blocking" in lines[0]


async def test_a_handler_that_blocks_past_its_timeout_is_abandoned_with_its_thread(
    redis: Redis, workplace: Workplace, told: Callable[[], Sequence[str]]
) -> None:
    await enqueue(
        redis,
        payload(1, "blocking", seconds=4),
        *(payload(number, "fine") for number in range(2, 12)),
    )
    shift = await workplace.shift(
        *_routes("fine"), *_routes("blocking", timeout=1.1), concurrency=3, max_attempts=1
    )
    assert workplace.promoted == [job_id(1)]
    assert shift.acked == 10
    assert {number for _, number in DONE} >= set(range(2, 12))
    assert any("blocked its event loop for longer than its timeout" in line for line in told())
    await until(lambda: ("blocking", 1) in DONE, "the abandoned thread ends")
    await until(
        lambda: not any(thread.name == "job handlers" for thread in threading.enumerate()), "gone"
    )


async def test_a_handler_may_say_itself_how_the_attempt_ended(
    redis: Redis, workplace: Workplace, told: Callable[[], Sequence[str]]
) -> None:
    await enqueue(redis, payload(1, "saying"))
    shift = asyncio.create_task(workplace.shift(*_routes("saying")))
    await until(lambda: any("the bed is taken" in line for line in told()), "it asks for a pause")
    assert any("the bed is being made" in line for line in told())
    workplace.stop.set()
    assert (await shift).acked == 0


@pytest.mark.parametrize(
    ("handler", "sentence"),
    [
        ("clinic_jobs:missing", "expected a function missing in clinic_jobs, got none"),
        ("no_such_module:x", "no_such_module could not be imported (ModuleNotFoundError)"),
        (
            "clinic_jobs:no_coroutine",
            "expected clinic_jobs:no_coroutine to be an async def, got something else",
        ),
    ],
)
async def test_a_handler_that_is_not_there_fails_the_job_with_a_sentence(
    redis: Redis,
    workplace: Workplace,
    told: Callable[[], Sequence[str]],
    handler: str,
    sentence: str,
) -> None:
    await enqueue(redis, payload(1))
    shift = await workplace.shift({"job_class": "*", "handler": handler}, max_attempts=1)
    assert shift.promoted == 1
    assert any(line.endswith(sentence) for line in told())


async def test_stopping_cancels_a_handler_that_does_not_end_within_the_grace(
    redis: Redis, workplace: Workplace
) -> None:
    await enqueue(redis, payload(1, "hanging"))
    shift = asyncio.create_task(workplace.shift(*_routes("hanging"), grace=0.2))
    await until(lambda: HANGING, "the job runs")
    workplace.stop.set()
    assert (await shift).given_back == 1
    assert HANGING == []
