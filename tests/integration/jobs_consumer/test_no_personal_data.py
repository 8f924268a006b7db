"""What a job's arguments hold reaches Redis and the job's target, and nothing else."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from types import ModuleType

import pytest
from aiohttp import web
from redis.asyncio import Redis

from system_daemon.jobs import breaker
from system_daemon.jobs.handlers.context import Context
from system_daemon.jobs.payload import Job
from tests.integration.jobs_consumer.clinic import Endpoint, done, enqueue, job_id
from tests.integration.jobs_consumer.conftest import Workplace

CANARIES = [f"Canary{number:02d}Muster" for number in range(20)]
CLASSES = ["Good", "Bad", "Slow", "Quoting", "Raise", "Hang", "Dag", "Own", "Mail", "Nowhere"]


async def raise_it(job: Job, _context: Context) -> None:
    raise ValueError(f"bad patient {job.args!r}")


async def hang(_job: Job, _context: Context) -> None:
    await asyncio.Event().wait()


async def _answer(job: dict[str, object]) -> web.Response:
    match job["class"]:
        case "Good":
            return await done(job)
        case "Slow":
            await asyncio.sleep(60)
        case "Quoting":
            quoted = json.dumps(job["args"])
            return web.json_response(
                {"code": "error", "message": quoted, "error_details": [quoted]}
            )
    return web.json_response({"code": "error", "message": "no"}, status=500)


async def test_twenty_marked_values_are_found_nowhere_else(
    redis: Redis,
    workplace: Workplace,
    endpoint: Endpoint,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = ModuleType("canary_jobs")
    module.__dict__.update(raise_it=raise_it, hang=hang)
    monkeypatch.setitem(sys.modules, "canary_jobs", module)
    monkeypatch.setattr(breaker, "LEAST_FAILURES", 1000)
    caplog.set_level(logging.DEBUG)
    endpoint.answering = _answer
    jobs = [
        {
            "class": CLASSES[number % len(CLASSES)],
            "args": [{"name": canary, "to": f"{canary}@example.org", canary: [canary]}],
            "id": job_id(number),
        }
        for number, canary in enumerate(CANARIES)
    ]
    await enqueue(redis, *map(json.dumps, jobs), '{"class":"Broken","args":["' + CANARIES[0])
    shift = await workplace.shift(
        {"job_class": "Raise", "handler": "canary_jobs:raise_it"},
        {"job_class": "Hang", "handler": "canary_jobs:hang", "timeout": 0.2},
        {"job_class": "Dag", "dag": "reports"},
        {"job_class": "Own", "endpoint": endpoint.url, "run": "dag"},
        {
            "job_class": "Mail",
            "handler": "system_daemon.jobs.handlers.notification:send_notification",
        },
        *(
            {"job_class": each, "endpoint": endpoint.url, "timeout": 0.2}
            for each in ("Good", "Bad", "Slow", "Quoting")
        ),
    )
    assert (shift.acked, shift.promoted, shift.buried) == (4, 14, 3)
    received = json.dumps(endpoint.jobs)
    assert sum(canary in received for canary in CANARIES) >= 8, "the endpoint had them"
    out, err = capfd.readouterr()
    everything = [
        out, err, repr(shift), str(shift), repr(workplace.queue), *map(repr, workplace.promoted),
        *(record.getMessage() + str(record.exc_text or record.exc_info) for record in caplog.records),
    ]  # fmt: skip
    assert len(caplog.records) > 20
    found = [text for text in everything if any(canary in text for canary in CANARIES)]
    assert found == []
