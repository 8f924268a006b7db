"""What operators are told without looking: one alert a change of state, and metrics."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import redis

from system_daemon.local.demo_answers import Answer
from system_daemon.local.demo_client import DemoClient
from system_daemon.local.demo_server import DemoServer
from system_daemon.local.redis import Redis
from tests.collector import Collector, collecting
from tests.deployment import Deployment
from tests.e2e.conftest import Deploy
from tests.e2e.services import INTERVALS, NEVER_AGAIN, service
from tests.waiting import wait_until

EVERY_SECOND = dict.fromkeys(INTERVALS, 1)
NOTIFIER = "airflow.providers.http.notifications.http.HttpNotifier"
ALERT = {
    "notifier": NOTIFIER,
    "arguments": {
        "http_conn_id": "alerts",
        "endpoint": "alerts",
        "json": {"title": "{{ alert.title }}", "sentence": "{{ alert.sentence }}"},
    },
}


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


@pytest.fixture(scope="module")
def told(deploy: Deploy, collector: Collector, demo_server: DemoServer) -> Deployment:
    """An Airflow that sends metrics, and knows where alerts go."""
    port = urlsplit(demo_server.url()).port
    connection = {"AIRFLOW_CONN_ALERTS": f"http://127.0.0.1:{port}"}
    return deploy(environment=collector.environment | connection)


def titles(demo_platform: DemoClient) -> list[str]:
    return [json.loads(call.body)["title"] for call in demo_platform.calls("alerts")]


def test_one_alert_when_a_service_begins_to_fail_and_one_when_it_works_again(
    told: Deployment, demo_platform: DemoClient
) -> None:
    demo_platform.script("alerts", [Answer(code="success")])
    failures = [Answer(code="error", message="the HIS is away")] * 3
    demo_platform.script("flaky", [*failures, Answer(code="success")])
    broken = {"notifier": "no.such.Notifier"}
    told.configure([service("flaky", intervals=EVERY_SECOND)], alerts=[broken, ALERT])

    def recovered() -> bool:
        return len(demo_platform.calls("alerts")) >= 2

    wait_until(recovered, timeout=90, description="both alerts")
    first, last = (call.body for call in demo_platform.calls("alerts"))
    assert "service__flaky fails" in first
    assert "service__flaky works again" in last
    assert len(demo_platform.calls("alerts")) == 2
    states = [run.state for run in told.runs("service__flaky")]
    assert states[:4] == ["failed"] * 3 + ["success"]


def test_a_service_that_finds_nothing_to_do_works_again(
    told: Deployment, demo_platform: DemoClient
) -> None:
    demo_platform.script("alerts", [Answer(code="success")])
    demo_platform.script("idling", [Answer(code="error"), Answer(code="idle"), Answer()])
    told.configure([service("idling", intervals=EVERY_SECOND)], alerts=[ALERT])
    wait_until(lambda: len(titles(demo_platform)) >= 2, timeout=90, description="both alerts")
    later = len(told.runs("service__idling")) + 2
    wait_until(
        lambda: len(told.runs("service__idling")) >= later, timeout=60, description="more runs"
    )
    assert titles(demo_platform) == ["service__idling fails", "service__idling works again"]


def test_a_run_that_finds_the_service_locked_is_no_news(
    told: Deployment, demo_platform: DemoClient, redis_server: Redis
) -> None:
    demo_platform.script("alerts", [Answer(code="success")])
    demo_platform.script("shared", [Answer(code="error")])
    entry = service("shared", lock_policy="always", intervals=EVERY_SECOND)
    told.configure([entry], alerts=[ALERT])
    wait_until(lambda: titles(demo_platform), timeout=90, description="the alert")

    def outcomes() -> list[str | None]:
        return [run.outcome for run in told.runs("service__shared")]

    lock = "system_daemon:lock:shared"
    with redis.Redis.from_url(redis_server.url()) as client:
        wait_until(
            lambda: client.set(lock, "another deployment", px=60_000, nx=True),
            timeout=30,
            description="the lock",
        )
        wait_until(lambda: "locked" in outcomes(), timeout=60, description="a locked run")
        client.delete(lock)
    seen = len(outcomes())
    wait_until(
        lambda: outcomes()[seen:].count("error") >= 2, timeout=60, description="more failures"
    )
    assert titles(demo_platform) == ["service__shared fails"]
    demo_platform.script("shared", [Answer(code="success")])
    wait_until(lambda: len(titles(demo_platform)) >= 2, timeout=60, description="the recovery")
    assert titles(demo_platform)[1] == "service__shared works again"


def test_a_failed_run_that_is_cleared_and_succeeds_is_a_recovery(
    told: Deployment, demo_platform: DemoClient
) -> None:
    demo_platform.script("alerts", [Answer(code="success")])
    demo_platform.script("mended", [Answer(code="error"), Answer(code="success")])
    told.configure([service("mended", intervals=NEVER_AGAIN)], alerts=[ALERT])
    run = told.wait_for_run(
        "service__mended", lambda run: run.state == "failed", description="the failure"
    )
    wait_until(lambda: titles(demo_platform), timeout=60, description="the alert")
    told.clear(run)
    wait_until(lambda: len(titles(demo_platform)) >= 2, timeout=90, description="the recovery")
    assert titles(demo_platform) == ["service__mended fails", "service__mended works again"]


def test_the_outcomes_durations_and_lateness_of_services_are_metrics(
    told: Deployment, demo_platform: DemoClient, collector: Collector
) -> None:
    demo_platform.script("measured", [Answer(code="idle")])
    told.configure([service("measured")])
    expected = {f"system_daemon.service.{name}" for name in ("idle", "duration", "lateness")}
    wait_until(
        lambda: expected <= collector.names(service="measured"),
        timeout=60,
        description="the metrics of the service",
    )
