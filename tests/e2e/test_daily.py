"""A daily service on a real Airflow: on time, and it says what was missed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from system_daemon.local.demo_answers import Answer
from system_daemon.local.demo_client import DemoClient
from tests.deployment import Deployment
from tests.e2e.services import service
from tests.waiting import wait_until


def test_r45_a_daily_service_runs_at_its_time_and_names_the_runs_that_were_missed(
    airflow: Deployment, demo_platform: DemoClient
) -> None:
    demo_platform.script("daily", [Answer(code="success")])
    dag = "service__daily"
    due = (datetime.now(UTC) + timedelta(seconds=15)).replace(microsecond=0)
    airflow.configure([service("daily", execution_plan=_at(due + timedelta(hours=6)))])
    wait_until(lambda: airflow.knows(dag), timeout=30, description="the DAG")
    three_days_ago = (due - timedelta(days=3)).isoformat()
    airflow.api("POST", f"dags/{dag}/dagRuns", {"logical_date": three_days_ago})
    airflow.wait_for_run(dag, lambda run: run.state == "success", description="the run by hand")
    airflow.configure([service("daily", execution_plan=_at(due))])
    run = airflow.wait_for_run(
        dag, lambda r: r.run_type == "scheduled" and r.end_date is not None, description="its time"
    )
    assert (run.run_after, run.outcome) == (due, "success")
    assert run.task_start is not None
    assert run.task_start >= due
    assert "2 due times before this one did not take place" in airflow.log_of(run)


def _at(due: datetime) -> dict[str, str]:
    return {"period": "daily", "time": f"{due:%H:%M:%S}", "timezone": "UTC"}
