"""Jobs that become runs at once, and shifts that are stopped in the middle of their work."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import redis

from system_daemon.local.demo_answers import Answer
from system_daemon.local.demo_client import DemoClient
from tests.deployment import Deployment, Run
from tests.e2e.clinic import DAG, Resque, Serve
from tests.e2e.services import NEVER_AGAIN, service
from tests.waiting import wait_until

LINGER_S = 600
"""No shift ends by itself while a test looks."""


def working(airflow: Deployment) -> Run | None:
    """The run of the queue while its task `work` runs, or did last."""
    return next((run for run in airflow.runs(DAG) if run.state == "running"), None)


def test_r11_a_dag_route_starts_its_dag_while_the_shift_goes_on_once_for_each_job(
    airflow: Deployment,
    demo_platform: DemoClient,
    resque: Resque,
    serve: Serve,
) -> None:
    demo_platform.script("report", [Answer(code="success")])
    airflow.configure([service("report", intervals=NEVER_AGAIN)])
    wait_until(lambda: airflow.knows("service__report"), timeout=60, description="its DAG")
    serve({"job_class": "Report", "dag": "service__report"}, linger=LINGER_S)
    for job_id in ("monday", "tuesday", "monday"):
        resque.put("Report", job_id, {"patient": "canary-Zw7"})
    for run_id in ("job__monday", "job__tuesday"):
        airflow.wait_for_run(
            "service__report",
            lambda run, run_id=run_id: run.run_id == run_id and run.state == "success",
            description=f"{run_id} while the shift goes on",
        )
    wait_until(lambda: resque.client.get("resque:stat:processed") == b"3", 30, "three acks")
    assert working(airflow), "the shift that claimed them"
    ids = [run.run_id for run in airflow.runs("service__report") if run.run_id.startswith("job__")]
    assert sorted(ids) == ["job__monday", "job__tuesday"]
    stop(airflow, resque)


def test_r11_a_route_may_ask_for_a_run_of_its_own_for_every_job(
    airflow: Deployment,
    demo_platform: DemoClient,
    resque: Resque,
    serve: Serve,
) -> None:
    demo_platform.script("jobs", [Answer(code="success")])
    route = {"job_class": "Import*", "endpoint": "http://demo.localhost/jobs", "run": "dag"}
    serve(route, linger=LINGER_S)
    resque.put("ImportAll", "big-one")
    airflow.wait_for_run(
        "background_job",
        lambda run: run.run_id == "job__big-one" and run.state == "success",
        description="its run while the shift goes on",
    )
    assert working(airflow), "the shift that claimed it"
    (call,) = demo_platform.calls("jobs")
    assert call.headers["Idempotency-Key"] == "big-one"
    stop(airflow, resque)


JOBS = 120


@pytest.mark.parametrize("how", ["mark failed", "clear"])
def test_a_stopped_shift_finishes_what_it_runs_and_gives_the_rest_back_in_order(
    airflow: Deployment,
    demo_platform: DemoClient,
    resque: Resque,
    serve: Serve,
    how: str,
) -> None:
    demo_platform.script("jobs", [Answer(code="success", delay=0.5)])
    serve(
        {"job_class": "Import*", "endpoint": "http://demo.localhost/jobs"},
        linger=LINGER_S,
        concurrency=8,
    )
    for number in range(JOBS):
        resque.put("ImportPatient", f"job{number:03}", {"number": number})
    wait_until(lambda: len(demo_platform.calls("jobs")) >= 24, 90, "jobs in flight")
    stop(airflow, resque, {"mark failed": lambda run: airflow.mark(run, "failed"),
                           "clear": airflow.clear}[how])  # fmt: skip
    called = [json.loads(call.body)["args"][0]["number"] for call in demo_platform.calls("jobs")]
    left = [json.loads(each)["args"][0]["number"] for each in resque.queued()]
    assert 0 < len(left) < JOBS, "it was stopped in the middle"
    assert left == list(range(JOBS - len(left), JOBS)), "the rest, in order"
    assert sorted(called) == list(range(JOBS - len(left))), "each one that began was finished"
    assert resque.client.get("resque:stat:processed") == str(len(called)).encode()

    airflow.pause(DAG, paused=False)
    wait_until(lambda: len(demo_platform.calls("jobs")) >= JOBS, 90, "the rest")
    wait_until(lambda: resque.client.get("resque:stat:processed") == b"%d" % JOBS, 30, "all acks")
    assert len(demo_platform.calls("jobs")) == JOBS, "none twice"
    stop(airflow, resque)


def test_pausing_the_dag_alone_pauses_a_busy_queue(
    airflow: Deployment, demo_platform: DemoClient, resque: Resque, serve: Serve
) -> None:
    demo_platform.script("jobs", [Answer(code="success", delay=0.5)])
    serve(
        {"job_class": "Import*", "endpoint": "http://demo.localhost/jobs"},
        linger=LINGER_S,
        concurrency=1,
    )
    for number in range(JOBS):
        resque.put("ImportPatient", f"job{number:03}", {"number": number})
    wait_until(lambda: len(demo_platform.calls("jobs")) >= 3, 90, "jobs in flight")
    run = working(airflow)
    assert run is not None
    airflow.pause(DAG, paused=True)
    try:
        wait_until(lambda: not consumers(resque.client), 30, "the end of the shift")
        done = len(demo_platform.calls("jobs"))
        left = [json.loads(each)["args"][0]["number"] for each in resque.queued()]
        assert 0 < len(left) < JOBS, "it was stopped in the middle"
        assert left == list(range(done, JOBS)), "the rest, in order"
        assert resque.client.get("resque:stat:processed") == str(done).encode()
    finally:
        airflow.pause(DAG, paused=False)
    airflow.wait_for_run(
        DAG,
        lambda each: each.run_id == run.run_id and each.state == "success",
        description="a pause is no failure",
    )
    wait_until(lambda: len(demo_platform.calls("jobs")) > done, 60, "the queue is served again")
    wait_until(lambda: working(airflow), 30, "the next run")
    stop(airflow, resque)


def stop(
    airflow: Deployment,
    resque: Resque,
    how: Callable[[Run], None] | None = None,
) -> None:
    """End the shift, by marking its run as failed unless told otherwise; leave no consumer."""
    run = working(airflow)
    assert run is not None
    airflow.pause(DAG, paused=True)
    try:
        (how or (lambda it: airflow.mark(it, "failed")))(run)
        wait_until(lambda: not consumers(resque.client), 30, "the end of the shift")
    finally:
        if how is None:
            airflow.pause(DAG, paused=False)


def consumers(client: redis.Redis) -> list[bytes]:
    """Keys of consumers that work, or left something."""
    return list(client.scan_iter("resque:system_daemon:*"))
