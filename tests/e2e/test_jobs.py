"""Background jobs on a real Airflow: from Redis to their end, and what a person sees of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from system_daemon.local.demo_answers import Answer
from system_daemon.local.demo_client import DemoClient
from system_daemon.local.redis import Redis
from tests.deployment import Deployment
from tests.waiting import wait_until

DAG = "jobs__clinic"


class Resque:
    """The platform's side: puts jobs into Redis as php-resque does."""

    def __init__(self, client: redis.Redis) -> None:
        self.client = client

    def put(self, job_class: str, job_id: str, args: object = None) -> None:
        payload = {"class": job_class, "args": [args], "id": job_id, "queue_time": 1.5}
        self.client.sadd("resque:queues", "clinic")
        self.client.rpush("resque:queue:clinic", json.dumps(payload))

    def left(self) -> list[str]:
        """Keys that hold a job, or say that somebody works on one."""
        names = [key.decode() for key in self.client.scan_iter("resque:*")]
        kept = ("resque:queues", "resque:stat:", "resque:failed")
        return sorted(name for name in names if not name.startswith(kept))


@pytest.fixture
def resque(redis_server: Redis) -> Iterator[Resque]:
    with redis.Redis.from_url(redis_server.url()) as client:
        client.flushall()
        yield Resque(client)
        client.flushall()


@pytest.fixture
def serve(airflow: Deployment) -> Iterator[Any]:
    """Configures the queue ``clinic`` with these routes."""

    def configured(*routes: dict[str, object], **queue: object) -> None:
        entry = {"name": "clinic", "concurrency": 8, "linger": 2, "max_attempts": 1} | queue
        airflow.write(
            "background_jobs.json", json.dumps({"queues": [entry], "routes": list(routes)})
        )
        wait_until(lambda: airflow.knows(DAG), timeout=60, description="the queue's DAG")

    yield configured
    airflow.write("background_jobs.json", "{}")


IMPORT = {"job_class": "Import*", "endpoint": "http://demo.localhost/jobs", "timeout": 10}


def test_r8_r11_jobs_are_run_and_leave_nothing_behind(
    airflow: Deployment, demo_platform: DemoClient, resque: Resque, serve: Any
) -> None:
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
    assert len({run.run_id for run in airflow.runs(DAG)}) <= 3, "idle looks leave no history"


def test_a_job_that_fails_gets_a_run_of_its_own_that_shows_no_argument(
    airflow: Deployment, demo_platform: DemoClient, resque: Resque, serve: Any
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


def test_r7_a_job_without_a_route_is_kept_as_failed_with_the_entry_to_add(
    airflow: Deployment, resque: Resque, serve: Any
) -> None:
    serve(IMPORT)
    resque.put("Unknown", "nobody-knows-me")
    (item,) = wait_until(
        lambda: resque.client.lrange("resque:failed", 0, -1), timeout=60, description="the burial"
    )
    failure = json.loads(item)
    assert failure["payload"]["id"] == "nobody-knows-me"
    assert '{"job_class": "Unknown", "endpoint"' in failure["error"]
