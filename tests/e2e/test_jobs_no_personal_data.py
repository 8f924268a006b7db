"""Marked values in jobs' arguments stay in Redis and reach their target, and go nowhere else."""

from __future__ import annotations

import json

import pytest

from system_daemon.local.demo_answers import Answer
from system_daemon.local.demo_client import DemoClient
from tests.deployment import Deployment
from tests.e2e.clinic import Resque, Serve
from tests.e2e.traces import everything, logs_of
from tests.waiting import wait_until

CANARIES = [f"canary-{number:02}-Qk3" for number in range(20)]
ENDS = ("Success", "Error", "Hang", "Raise", "Stuck")
"""Classes of jobs: done, refused by the target, no answer, and two handlers that fail."""
PROMOTED = 12
CRASHES = CANARIES[15:]


@pytest.mark.timeout(400)
def test_twenty_marked_values_through_success_failure_timeout_and_crash(
    airflow: Deployment, demo_platform: DemoClient, resque: Resque, serve: Serve
) -> None:
    demo_platform.script("success", [Answer(code="success")])
    demo_platform.script("error", [Answer(code="error", message="no", status=500)])
    demo_platform.script("hang", [Answer(behaviour="hang")])
    for number, canary in enumerate(CANARIES[:15]):
        resque.put(ENDS[number % len(ENDS)], f"job{number}", argument(canary))
    handlers = "tests.e2e.clinic_handlers"
    serve(
        *(
            {"job_class": name, "endpoint": f"http://demo.localhost/{name.lower()}", "timeout": 2}
            for name in ENDS[:3]
        ),
        {"job_class": "Raise", "handler": f"{handlers}:raise_it"},
        {"job_class": "Stuck", "handler": f"{handlers}:hang", "timeout": 2},
        {"job_class": "Crash", "handler": f"{handlers}:die"},
        max_interruptions=1,
        linger=600,
    )
    own_runs_failed_once(airflow, PROMOTED)
    wait_until(lambda: resque.client.get("resque:stat:processed") == b"3", 60, "the successes")

    for number, canary in enumerate(CRASHES):
        resque.put("Crash", f"crash{number}", argument(canary))
    wait_until(
        lambda: any(run.state == "failed" for run in airflow.runs("jobs__clinic")),
        timeout=90,
        description="the end of the killed process' run",
    )
    for session in resque.client.scan_iter("resque:system_daemon:consumer:*"):
        resque.client.delete(session)  # a minute has passed
    wait_until(lambda: resque.client.llen("resque:failed") == 5, 90, "the burials")

    bodies = "".join(call.body for call in demo_platform.calls())
    assert all(canary in bodies for index, canary in enumerate(CANARIES[:15]) if index % 5 < 3)
    failed = b"".join(resque.client.lrange("resque:failed", 0, -1)).decode()
    assert all(canary in failed for canary in CRASHES), "the payloads are kept"
    for item in resque.client.lrange("resque:failed", 0, -1):
        told = json.loads(item)
        del told["payload"]
        assert not any(canary in json.dumps(told) for canary in CANARIES)
    logs, database = logs_of(airflow), everything(airflow.database_url)
    assert "its consumer died" in failed
    assert "job job3 (Raise) failed at attempt 1 of 1" in logs
    assert "job__job1" in database
    assert [canary for canary in CANARIES if canary in logs] == []
    assert [canary for canary in CANARIES if canary in database] == []


def argument(canary: str) -> dict[str, object]:
    return {"name": canary, canary: [canary], "deep": {"text": f"of {canary}"}}


def own_runs_failed_once(airflow: Deployment, number: int) -> None:
    """Wait until each promoted job has failed in its own run; then a person gives them up."""

    def tried() -> bool:
        runs = [run for run in airflow.runs("background_job") if run.run_id in ours]
        return len(runs) == number and all(run.task_state == "up_for_retry" for run in runs)

    ours = {f"job__job{index}" for index in range(15) if index % 5}
    wait_until(tried, timeout=180, description=f"{number} promoted jobs that failed once more")
    for run in airflow.runs("background_job"):
        if run.run_id in ours:
            airflow.mark(run, "failed")
