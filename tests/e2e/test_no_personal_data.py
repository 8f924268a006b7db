"""Marked values in bodies and answers are found nowhere outside the service and the JSON file."""

from __future__ import annotations

from system_daemon.local.demo_answers import Answer
from system_daemon.local.demo_client import DemoClient
from system_daemon.local.redis import Redis
from tests.deployment import Deployment
from tests.e2e.services import NEVER_AGAIN, service
from tests.e2e.traces import everything, everything_in, logs_of

CANARIES = [f"canary-{number:02}-Zw7" for number in range(20)]


def test_bodies_reach_no_log_no_database_and_no_redis(
    airflow: Deployment, demo_platform: DemoClient, redis_server: Redis
) -> None:
    answers = {
        "canary_success": Answer(code="success"),
        "canary_error": Answer(code="error", status=500),
        "canary_hang": Answer(behaviour="hang"),
        "canary_html": Answer(behaviour="html"),
        "canary_reset": Answer(behaviour="reset"),
    }
    entries = []
    for index, (name, answer) in enumerate(answers.items()):
        demo_platform.script(name, [answer])
        marked = CANARIES[index * 4 : index * 4 + 4]
        parameters = {"patient": marked[0], "list": [marked[1], {"deep": marked[2]}]}
        url = f"http://demo.localhost/{name}?case={marked[3]}"
        entries.append(
            service(name, endpoint=url, parameters=parameters, timeout=2, intervals=NEVER_AGAIN)
        )
    airflow.configure(entries)
    for name in answers:
        airflow.wait_for_run(
            f"service__{name}", lambda r: r.state in ("success", "failed"), description="its end"
        )
    bodies = "".join(call.body for call in demo_platform.calls())
    assert all(canary in bodies for canary in CANARIES if CANARIES.index(canary) % 4 != 3)

    logs = logs_of(airflow)
    assert [canary for canary in CANARIES if canary in logs] == []
    database = everything(airflow.database_url)
    assert [canary for canary in CANARIES if canary in database] == []
    stored = everything_in(redis_server.url(), "system_daemon:*")
    assert [canary for canary in CANARIES if canary in stored] == []
