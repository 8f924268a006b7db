"""The sensor's look goes where the configuration points, and tells the metrics what it sees."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from system_daemon.configuration.background_jobs import BackgroundJobs, Queue
from system_daemon.jobs import sensor
from system_daemon.metrics import Metrics
from tests.integration.jobs.crew import Crew, php
from tests.unit.test_metrics import Recorded

QUEUE = Queue(name="q", poll_interval=0.1)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    recorded = Recorded()
    monkeypatch.setattr(sensor, "in_triggerer", lambda: Metrics(recorded))
    return recorded


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch, redis_url: str, told: Recorded) -> Any:
    """Puts a configuration into force."""

    def configure(namespace: str, connection: str = "here") -> None:
        jobs = BackgroundJobs(queues=(QUEUE,), namespace=namespace, redis_connection=connection)
        loaded = SimpleNamespace(jobs=jobs)
        monkeypatch.setattr(sensor, "load", lambda: loaded)

    async def url(connection: str) -> str:
        return redis_url if connection == "here" else "redis://127.0.0.1:1/0"

    monkeypatch.setattr(sensor, "redis_url", url)
    return configure


async def _event() -> Any:
    async for event in sensor.JobsTrigger(queue="q").run():
        return event
    raise AssertionError("no event")


@pytest.mark.parametrize("before", [("another", "here"), ("resque", "elsewhere")])
async def test_an_edit_of_namespace_or_connection_moves_the_look(
    crew: Crew, configured: Any, before: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sensor, "_PAUSE_S", 0.05)
    configured(*before)
    look = asyncio.create_task(_event())
    await crew.push(php(1))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(look), 0.5)
    configured("resque")
    assert (await asyncio.wait_for(look, 10)).xcoms["depth"] == 1


async def test_the_look_that_finds_work_reports_the_depth(
    crew: Crew, configured: Any, told: Recorded
) -> None:
    configured("resque")
    await crew.push(php(1), php(2))
    await _event()
    sent = {name: value for _, name, value, _ in told.sent}
    assert sent["system_daemon.jobs.depth"] == 2
    assert sent["system_daemon.jobs.oldest_age"] > 1000


async def test_a_look_ends_after_a_day_so_that_its_rows_do_not_grow_old(
    crew: Crew, configured: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sensor, "LONGEST_LOOK_S", 0.2)
    configured("resque")
    assert (await asyncio.wait_for(_event(), 10)).xcoms["depth"] == 0
