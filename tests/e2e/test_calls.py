"""Services on a real Airflow: outcomes, due times, what a person sees and does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from system_daemon.local.demo_answers import Answer
from system_daemon.local.demo_client import DemoClient
from tests.deployment import Deployment, Run
from tests.e2e.services import INTERVALS, NEVER_AGAIN, service
from tests.waiting import wait_until

EXPECTED = {
    "succeeds": ("success", "success", "on_success"),
    "idles": ("idle", "success", "on_idle"),
    "fails": ("error", "failed", "on_error"),
    "hangs": ("timeout", "failed", "on_timeout"),
}


def ended(run: Run) -> bool:
    return run.state in ("success", "failed")


def test_r42_r46_each_outcome_ends_in_its_state_and_decides_the_next_due_time(
    airflow: Deployment, demo_platform: DemoClient
) -> None:
    demo_platform.script("succeeds", [Answer(code="success", message="Success: 3, Failed: 0")])
    demo_platform.script("idles", [Answer(code="idle")])
    demo_platform.script("fails", [Answer(code="error", message="no", error_details=["a", "b"])])
    demo_platform.script("hangs", [Answer(behaviour="hang")])
    airflow.configure([service(name, timeout=2) for name in EXPECTED])
    for name, (outcome, state, interval) in EXPECTED.items():
        first = airflow.wait_for_run(f"service__{name}", ended, description="its first end")
        assert (first.outcome, first.state) == (outcome, state)
        second = airflow.wait_for_run(
            f"service__{name}", lambda run, first=first: run.run_id != first.run_id,
            description="its second run",
        )  # fmt: skip
        wait = timedelta(seconds=INTERVALS[interval])
        assert second.run_after - first.end_date == wait
    log = airflow.log_of(airflow.runs("service__fails")[0])
    assert "fails said: no" in log
    assert "fails detail: b" in log
    assert "service=fails outcome=error http_status=200" in log
    assert airflow.worker_logs() == [], "a service call must start no worker process"


def test_a_run_by_hand_starts_at_once_while_the_next_one_waits(
    airflow: Deployment, demo_platform: DemoClient
) -> None:
    demo_platform.script("by_hand", [Answer(code="success")])
    airflow.configure([service("by_hand", intervals=NEVER_AGAIN | {"on_error": 1})])
    dag = "service__by_hand"
    first = airflow.wait_for_run(dag, ended, description="its first end")
    waiting = airflow.wait_for_run(dag, lambda r: r.state == "queued", description="the next run")
    by_hand = airflow.trigger_dag(dag)
    done = airflow.wait_for_run(
        dag, lambda r: r.run_id == by_hand and ended(r), description="the run by hand"
    )
    assert done.outcome == "success"
    assert (
        airflow.runs(dag)[1].run_after == waiting.run_after == first.end_date + timedelta(hours=1)
    )
    assert len(demo_platform.calls("by_hand")) == 2


def test_a_cleared_run_calls_again_as_a_new_attempt(
    airflow: Deployment, demo_platform: DemoClient
) -> None:
    demo_platform.script("cleared", [Answer(code="error"), Answer(code="success")])
    airflow.configure([service("cleared", intervals=NEVER_AGAIN)])
    dag = "service__cleared"
    red = airflow.wait_for_run(dag, lambda r: r.state == "failed", description="its failure")
    airflow.clear(red)
    green = airflow.wait_for_run(dag, lambda r: r.state == "success", description="its success")
    assert green.run_id == red.run_id
    keys = [call.headers["Idempotency-Key"] for call in demo_platform.calls("cleared")]
    assert len(keys) == len(set(keys)) == 2


def test_marking_a_call_in_flight_ends_it_and_the_plan_goes_on(
    airflow: Deployment, demo_platform: DemoClient
) -> None:
    demo_platform.script("marked", [Answer(behaviour="hang")])
    airflow.configure([service("marked", timeout=300)])
    dag = "service__marked"
    wait_until(lambda: demo_platform.calls("marked"), timeout=60, description="the call")
    airflow.mark(airflow.runs(dag)[0], "failed")
    marked = airflow.wait_for_run(dag, ended, description="the marked end")
    following = airflow.wait_for_run(
        dag, lambda r: r.run_id != marked.run_id, description="the next run"
    )
    assert following.run_after - marked.end_date == timedelta(seconds=INTERVALS["on_error"])


def test_a_paused_service_is_not_called_and_unpaused_runs_once(
    airflow: Deployment, demo_platform: DemoClient
) -> None:
    demo_platform.script("paused", [Answer(code="success")])
    demo_platform.script("witness", [Answer(code="success")])
    airflow.configure([service("paused"), service("witness")])
    dag = "service__paused"
    airflow.wait_for_run(dag, lambda r: r.state == "queued", description="its next run")
    airflow.pause(dag, paused=True)
    called = len(demo_platform.calls("paused"))
    seen = len(demo_platform.calls("witness"))
    wait_until(
        lambda: len(demo_platform.calls("witness")) >= seen + 3,
        timeout=60,
        description="three calls of another service meanwhile",
    )
    assert len(demo_platform.calls("paused")) <= called + 1, "one may have been under way"
    called = len(demo_platform.calls("paused"))
    airflow.pause(dag, paused=False)
    wait_until(
        lambda: len(demo_platform.calls("paused")) == called + 1,
        timeout=60,
        description="the overdue call",
    )


def test_r35_the_body_is_the_parameters_and_the_headers_name_the_attempt(
    airflow: Deployment, demo_platform: DemoClient
) -> None:
    demo_platform.script("body", [Answer(code="success")])
    airflow.configure(
        [service("body", parameters={"z": 1, "a": [None, "é"]}, intervals=NEVER_AGAIN)]
    )
    (call,) = wait_until(lambda: demo_platform.calls("body"), timeout=60, description="the call")
    assert call.body == '{"z":1,"a":[null,"é"]}'
    assert call.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("text", ["nothing", "one entry"])
def test_an_edit_shows_as_a_dag_within_30_seconds(
    airflow: Deployment, demo_platform: DemoClient, text: str
) -> None:
    name = f"added_{text.replace(' ', '_')}"
    demo_platform.script(name, [Answer(code="success")])
    airflow.configure([service("there", intervals=NEVER_AGAIN)] if text == "one entry" else [])
    airflow.configure(
        [service("there", intervals=NEVER_AGAIN), service(name, intervals=NEVER_AGAIN)]
    )
    wait_until(lambda: demo_platform.calls(name), timeout=30, description="the call of a new entry")


def test_r32_a_broken_file_shows_in_the_banner_and_its_repair_clears_it(
    airflow: Deployment, demo_platform: DemoClient
) -> None:
    def banner() -> str:
        errors = airflow.api("GET", "importErrors")["import_errors"]
        return "\n".join(error["stack_trace"] for error in errors)

    airflow.configure([service("before", intervals=NEVER_AGAIN)])
    airflow.wait_for_run("service__before", ended, description="its end")
    airflow.write("external_services.json", '[{"name": "before",\n "timeout": }]')
    wait_until(lambda: "line 2, column 13" in banner(), timeout=30, description="the banner")
    airflow.configure([service("before", timeot=3)])
    wait_until(lambda: 'did you mean "timeout"?' in banner(), timeout=30, description="the banner")
    airflow.configure([service("before", intervals=NEVER_AGAIN)])
    wait_until(lambda: banner() == "", timeout=30, description="an empty banner")
    airflow.trigger_dag("service__before")
    wait_until(
        lambda: len(demo_platform.calls("before")) >= 2, timeout=30, description="its next call"
    )
