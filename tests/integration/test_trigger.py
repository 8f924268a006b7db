"""The trigger around an attempt: outcomes as Airflow's events, and nothing that escapes."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.triggers.base import TaskFailedEvent, TaskSkippedEvent, TaskSuccessEvent

from system_daemon.local.demo_answers import Answer
from system_daemon.local.demo_client import DemoClient
from system_daemon.outcome import Outcome
from system_daemon.redis_client import shared
from system_daemon.services.result import Result
from system_daemon.services.trigger import CallTrigger, ending


@pytest.mark.parametrize(
    ("outcome", "event"),
    [
        (Outcome.SUCCESS, TaskSuccessEvent),
        (Outcome.IDLE, TaskSkippedEvent),
        (Outcome.LOCKED, TaskSkippedEvent),
        (Outcome.ERROR, TaskFailedEvent),
        (Outcome.TIMEOUT, TaskFailedEvent),
    ],
)
def test_r46_every_outcome_has_its_state(outcome: Outcome, event: type) -> None:
    ended = ending(Result(outcome=outcome, message="said", http_status=200, duration_ms=7))
    assert type(ended) is event
    kept = dict(ended.xcoms)
    kept.pop("retry_after", None)
    expected = {"outcome": outcome.value, "message": "said", "http_status": 200, "duration_ms": 7}
    assert kept == expected


@pytest.fixture
async def configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, redis_url: str
) -> AsyncIterator[Path]:
    """A configuration folder and the Airflow connection of an empty Redis."""
    monkeypatch.setenv("SYSTEM_DAEMON_CONFIG", str(tmp_path))
    monkeypatch.setenv("AIRFLOW_CONN_SYSTEM_DAEMON_REDIS", redis_url)
    yield tmp_path
    await shared(redis_url).aclose()


def configure(folder: Path, **changes: object) -> None:
    plan = {"period": "interval", "intervals": {"on_success": 10}}
    entry = {"name": "a", "endpoint": "http://127.0.0.1:9/", "timeout": 5, "execution_plan": plan}
    (folder / "external_services.json").write_text(json.dumps([entry | changes]))


async def ended(name: str = "a") -> dict[str, object]:
    trigger = CallTrigger(service=name, run_type="manual", due="2027-01-01T00:00:00+00:00")
    trigger.task_instance = SimpleNamespace(id=uuid.uuid4(), try_number=1, task_id="call")
    (event,) = [event async for event in trigger.run()]
    return dict(event.xcoms)


async def test_a_call_through_the_trigger(configuration: Path, demo_platform: DemoClient) -> None:
    demo_platform.script("a", [Answer(code="success", message="3 imported")])
    configure(configuration, endpoint=f"{demo_platform.url}/a")
    kept = await ended()
    assert (kept["outcome"], kept["message"]) == ("success", "3 imported")
    assert len(demo_platform.calls("a")) == 1


async def test_an_entry_that_is_gone_ends_in_an_error_that_says_so(configuration: Path) -> None:
    configure(configuration)
    kept = await ended("b")
    assert kept["outcome"] == "error"
    assert "expected an entry of this name in external_services.json" in str(kept["message"])


async def test_a_missing_connection_ends_in_an_error_that_says_so(configuration: Path) -> None:
    configure(configuration, connection="nowhere")
    kept = await ended()
    assert kept["outcome"] == "error"
    assert 'expected an Airflow connection "nowhere"' in str(kept["message"])


async def test_an_unreachable_redis_means_that_nothing_is_sent(
    configuration: Path, monkeypatch: pytest.MonkeyPatch, demo_platform: DemoClient
) -> None:
    configure(configuration, endpoint=f"{demo_platform.url}/a")
    monkeypatch.setenv("AIRFLOW_CONN_SYSTEM_DAEMON_REDIS", "redis://127.0.0.1:9/0")
    kept = await ended()
    assert kept["outcome"] == "error"
    assert "the call was not sent" in str(kept["message"])
    assert demo_platform.calls("a") == []


async def test_whatever_breaks_becomes_an_outcome(
    configuration: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception that left the trigger would fail the task on a worker, without a word."""
    configure(configuration)

    async def broken(*_: object) -> None:
        raise RuntimeError("a value nobody should read")

    monkeypatch.setattr("system_daemon.services.trigger.http_access", broken)
    kept = await ended()
    assert kept["outcome"] == "error"
    assert kept["message"] == "unexpected RuntimeError; see the log"


def test_it_survives_the_way_through_airflows_database() -> None:
    trigger = CallTrigger(service="a", run_type="scheduled", due="2027-01-01T00:00:00+00:00")
    path, arguments = trigger.serialize()
    assert path == "system_daemon.services.trigger.CallTrigger"
    assert CallTrigger(**arguments).serialize() == (path, arguments)
