"""What operators are told without looking: one alert a change of state, and metrics."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from system_daemon.local.demo_answers import Answer
from system_daemon.local.demo_client import DemoClient
from system_daemon.local.demo_server import DemoServer
from tests.collector import Collector, collecting
from tests.deployment import Deployment
from tests.e2e.conftest import Deploy
from tests.e2e.services import service
from tests.waiting import wait_until

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


def test_one_alert_when_a_service_begins_to_fail_and_one_when_it_works_again(
    told: Deployment, demo_platform: DemoClient
) -> None:
    demo_platform.script("alerts", [Answer(code="success")])
    failures = [Answer(code="error", message="the HIS is away")] * 3
    demo_platform.script("flaky", [*failures, Answer(code="success")])
    every_second = dict.fromkeys(("on_success", "on_idle", "on_error", "on_timeout"), 1)
    broken = {"notifier": "no.such.Notifier"}
    told.configure([service("flaky", intervals=every_second)], alerts=[broken, ALERT])

    def recovered() -> bool:
        return len(demo_platform.calls("alerts")) >= 2

    wait_until(recovered, timeout=90, description="both alerts")
    first, last = (call.body for call in demo_platform.calls("alerts"))
    assert "service__flaky fails" in first
    assert "service__flaky works again" in last
    assert len(demo_platform.calls("alerts")) == 2
    states = [run.state for run in told.runs("service__flaky")]
    assert states[:4] == ["failed"] * 3 + ["success"]


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
