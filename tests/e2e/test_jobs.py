"""Background jobs on a real Airflow: from Redis to their end, and what a person sees of them."""

from __future__ import annotations

import json

from system_daemon.local.demo_answers import Answer
from system_daemon.local.demo_client import DemoClient
from tests.deployment import Deployment
from tests.e2e.clinic import DAG, Resque, Serve
from tests.waiting import wait_until

IMPORT = {"job_class": "Import*", "endpoint": "http://demo.localhost/jobs", "timeout": 10}


def test_r8_r11_jobs_are_run_and_leave_nothing_behind(
    airflow: Deployment, demo_platform: DemoClient, resque: Resque, serve: Serve
) -> None:
    before = {run.run_id for run in airflow.runs(DAG)}
    demo_platform.script("jobs", [Answer(code="success")])
    for number in range(200):
        resque.put("ImportPatient", f"job{number}", {"number": number})
    serve(IMPORT)
    wait_until(lambda: len(demo_platform.calls("jobs")) >= 200, timeout=90, description="200 calls")
    bodies = [json.loads(call.body) for call in demo_platform.calls("jobs")]
    assert sorted(body["args"][0]["number"] for body in bodies) == list(range(200))
    wait_until(lambda: resque.left() == [], timeout=30, description="an empty Redis")
    assert resque.client.get("resque:stat:processed") == b"200"
    # The next run waits in the triggerer, without a process.
    wait_until(
        lambda: any(run.state == "running" for run in airflow.runs(DAG)),
        timeout=30,
        description="the next look",
    )
    new = {run.run_id for run in airflow.runs(DAG)} - before
    assert len(new) <= 3, "idle looks leave no history"


def test_a_job_that_fails_gets_a_run_of_its_own_that_shows_no_argument(
    airflow: Deployment, demo_platform: DemoClient, resque: Resque, serve: Serve
) -> None:
    demo_platform.script("jobs", [Answer(code="error", message="not now"), Answer(code="success")])
    serve(IMPORT)
    resque.put("ImportPatient", "needs-attention", {"patient": "canary-Zw7"})
    run = airflow.wait_for_run(
        "background_job", lambda r: r.state == "success", description="the job's run", timeout=120
    )
    assert run.run_id == "job__needs-attention"
    conf = airflow.api("GET", f"dags/background_job/dagRuns/{run.run_id}")["conf"]
    assert conf == {"id": "needs-attention", "class": "ImportPatient", "queue": "clinic"}
    wait_until(lambda: resque.left() == [], timeout=30, description="an empty Redis")
    logs = "".join(file.read_text(errors="replace") for file in airflow.folder.rglob("*.log"))
    assert "canary-Zw7" not in logs


def test_a_job_whose_run_was_marked_as_failed_lies_in_the_failed_list_until_it_is_cleared(
    airflow: Deployment, demo_platform: DemoClient, resque: Resque, serve: Serve
) -> None:
    demo_platform.script("jobs", [Answer(code="error", message="not now")])
    serve(IMPORT)
    resque.put("ImportPatient", "given-up")
    run = airflow.wait_for_run(
        "background_job",
        lambda r: r.run_id == "job__given-up" and r.task_state == "up_for_retry",
        description="its first failure",
    )
    promoted = "resque:system_daemon:promoted:clinic"
    wait_until(lambda: resque.left() == [promoted], timeout=30, description="the shift's end")
    airflow.mark(run, "failed")

    demo_platform.script("jobs", [Answer(code="success")])
    resque.put("ImportPatient", "another")  # a new shift looks
    wait_until(lambda: resque.left() == [], timeout=60, description="nothing promoted any more")
    (item,) = resque.client.lrange("resque:failed", 0, -1)
    failure = json.loads(item)
    assert (failure["payload"]["id"], failure["exception"]) == ("given-up", "Abandoned")

    airflow.clear(run)
    airflow.wait_for_run(
        "background_job",
        lambda r: r.run_id == "job__given-up" and r.state == "success",
        description="its second life",
    )
    assert resque.client.llen("resque:failed") == 0
    assert resque.left() == []


def test_r7_a_job_without_a_route_is_kept_as_failed_with_the_entry_to_add(
    airflow: Deployment, resque: Resque, serve: Serve
) -> None:
    serve(IMPORT)
    resque.put("Unknown", "nobody-knows-me")
    (item,) = wait_until(
        lambda: resque.client.lrange("resque:failed", 0, -1), timeout=60, description="the burial"
    )
    failure = json.loads(item)
    assert failure["payload"]["id"] == "nobody-knows-me"
    assert '{"job_class": "Unknown", "endpoint"' in failure["error"]
