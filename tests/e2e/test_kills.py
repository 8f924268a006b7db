"""A triggerer killed in the middle of a call: at most one request a try, whatever dies."""

from __future__ import annotations

import pytest

from system_daemon.local.demo_answers import Answer
from system_daemon.local.demo_client import DemoClient
from tests.deployment import Deployment
from tests.e2e.services import NEVER_AGAIN, service
from tests.waiting import wait_until

KILLS = 2
"""``make chaos`` makes 20 of them at random moments."""


@pytest.mark.parametrize("kill", range(KILLS))
def test_a_killed_triggerer_sends_no_second_request(
    airflow: Deployment, demo_platform: DemoClient, kill: int
) -> None:
    name = f"killed_{kill}"
    dag = f"service__{name}"
    demo_platform.script(name, [Answer(behaviour="hang"), Answer(code="success")])
    airflow.configure([service(name, timeout=8, intervals=NEVER_AGAIN)])
    wait_until(lambda: demo_platform.calls(name), timeout=60, description="the call")
    airflow.kill("triggerer")
    airflow.start("triggerer")
    ended = airflow.wait_for_run(dag, lambda r: r.state == "failed", description="its end")
    assert ended.outcome == "timeout"
    assert "the triggerer restarted during the call" in (ended.message or "")
    assert len(demo_platform.calls(name)) == 1
    airflow.clear(ended)
    airflow.wait_for_run(dag, lambda r: r.state == "success", description="the cleared run")
    assert len(demo_platform.calls(name)) == 2
