"""The JSON edited while a call is in flight or a run waits: no other service notices."""

from __future__ import annotations

from datetime import timedelta

from system_daemon.local.demo_answers import Answer
from system_daemon.local.demo_client import DemoClient
from tests.deployment import Deployment
from tests.e2e.services import NEVER_AGAIN, service
from tests.waiting import wait_until

FROM_SUCCESS = NEVER_AGAIN | {"on_error": 1}
"""With a short interval in it, Airflow shows the next run soon after the last one ended."""
SLOW = Answer(code="success", delay=6)


def test_an_entry_edited_removed_and_renamed_during_its_call(
    airflow: Deployment, demo_platform: DemoClient
) -> None:
    for name in ("edited", "removed", "renamed", "becomes_daily"):
        demo_platform.script(name, [SLOW])
    demo_platform.script("other", [Answer(code="success")])
    others = [service("other")]
    edited = ["edited", "removed", "renamed", "becomes_daily"]
    airflow.configure(
        [service(name, timeout=30, intervals=FROM_SUCCESS) for name in edited] + others
    )
    for name in edited:
        wait_until(
            lambda name=name: demo_platform.calls(name), timeout=60, description=f"call of {name}"
        )
    daily = {"period": "daily", "time": "03:15", "timezone": "UTC"}
    airflow.configure(
        [
            service("edited", timeout=30, intervals=FROM_SUCCESS | {"on_success": 7200}),
            service("renamed_now", endpoint="http://demo.localhost/renamed", timeout=30),
            service("becomes_daily", timeout=30, execution_plan=daily),
            *others,
        ]
    )
    first = airflow.wait_for_run(
        "service__edited", lambda r: r.state == "success", description="its end"
    )
    second = airflow.wait_for_run(
        "service__edited", lambda r: r.run_id != first.run_id, description="its next run"
    )
    assert second.run_after - first.end_date == timedelta(hours=2), "the new plan"
    wait_until(
        lambda: airflow.api("GET", "dags/service__becomes_daily")["next_dagrun_run_after"],
        timeout=30,
        description="the next due time of the daily plan",
    )
    after = airflow.api("GET", "dags/service__becomes_daily")["next_dagrun_run_after"]
    assert "T03:15:00" in after
    airflow.wait_for_run(
        "service__renamed_now", lambda r: r.state == "success", description="its first end"
    )
    seen = len(demo_platform.calls("other"))
    wait_until(
        lambda: len(demo_platform.calls("other")) >= seen + 3,
        timeout=60,
        description="calls of the service that nobody edited",
    )
    # Brought back, the removed entry goes on by its plan.
    airflow.configure([service("removed", timeout=30, intervals=NEVER_AGAIN), *others])
    airflow.wait_for_run("service__removed", lambda r: r.state == "success", description="its end")


def test_a_waiting_call_whose_task_is_gone_keeps_no_other_call_from_starting(
    airflow: Deployment, demo_platform: DemoClient
) -> None:
    """Upstream pull request 69842: one stale deferred task could stop all new triggers."""
    demo_platform.script("stale", [Answer(behaviour="hang")])
    demo_platform.script("fresh", [Answer(code="success")])
    airflow.configure([service("stale", timeout=120)])
    wait_until(lambda: demo_platform.calls("stale"), timeout=60, description="the waiting call")
    airflow.rename_task("service__stale", "call", "gone")
    airflow.kill("triggerer")  # a new triggerer must build the stale call's workload anew
    airflow.start("triggerer")
    airflow.configure([service("stale", timeout=120), service("fresh")])
    wait_until(
        lambda: len(demo_platform.calls("fresh")) >= 2, timeout=60, description="other calls"
    )
