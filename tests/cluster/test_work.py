"""The three kinds of work on the cluster, to their right ends and with their logs."""

from __future__ import annotations

import psycopg
import pytest

from tests.airflow_client import Run
from tests.cluster.clinic import MAINTENANCE_DAGS, QUEUE_DAG
from tests.cluster.cluster import Cluster
from tests.experiments.ledger import Ledger, judge
from tests.experiments.producer import Producer
from tests.waiting import wait_until

JOBS = 5000

pytestmark = pytest.mark.timeout(900)


def succeeded(run: Run) -> bool:
    return run.state == "success"


def test_every_health_check_of_the_file_says_healthy(cluster: Cluster) -> None:
    checked = [name for name, service in cluster.services.items() if service.healthcheck]
    assert "flower" in checked
    assert set(checked) == set(cluster.services) - {"airflow-init"}
    for name in set(checked) - set(cluster.databases):
        cluster.replicas(name)[0].wait_until_healthy(timeout=60)


WRITE = """
import os, pathlib, sys
print(os.getuid())
for number, place in enumerate(sys.argv[1:]):
    try:
        (pathlib.Path(place).expanduser() / "written").write_text("")
        print(number)
    except OSError:
        pass
"""


def test_a_container_is_not_root_and_writes_only_to_its_volumes(cluster: Cluster) -> None:
    """`read_only`, `tmpfs` and `user` of the file; what needs more would not have started."""
    places = ("/opt/airflow/logs", "/tmp", "/opt/airflow", "/opt/airflow/include", "~")
    for container in cluster.containers.values():
        if container.service.is_airflow and container.lives():
            user, *written = container.run("python", "-c", WRITE, *places).stdout.split()
            assert int(user) != 0
            assert [places[int(number)] for number in written] == ["/opt/airflow/logs", "/tmp"]


def test_a_service_is_called_and_its_log_is_read(cluster: Cluster) -> None:
    run = cluster.wait_for_run("service__patients", succeeded, description="its first call")
    assert run.outcome in ("success", "idle")
    assert "patients" in cluster.log_of(run)
    wait_until(lambda: cluster.knows("service__patients"), 90, "the DAG, configured again")
    again = cluster.trigger_dag("service__patients")
    cluster.wait_for_run(
        "service__patients",
        lambda run: run.run_id == again and succeeded(run),
        description="the call by hand",
    )


@pytest.mark.parametrize("dag_id", MAINTENANCE_DAGS)
def test_a_maintenance_task_runs_on_a_worker_and_its_log_is_read(
    cluster: Cluster, dag_id: str
) -> None:
    run = cluster.wait_for_run(dag_id, succeeded, description="its first run")
    assert "counted" in cluster.log_of(run, "sweep")


def test_5000_jobs_are_run_once_each_by_four_workers_in_two_containers(
    cluster: Cluster, producer: Producer, ledger: Ledger
) -> None:
    producer.put(JOBS)
    ledger.wait_for(JOBS, timeout=240, because=lambda: f"left: {producer.left()}")
    wait_until(lambda: not _unfinished(producer), 60, "no job left")
    executions = ledger.all()
    judged = judge(executions, range(JOBS))
    assert (judged.lost, judged.again) == ([], [])
    assert len({each.pid for each in executions}) == 4
    assert _places(cluster) == {each.name for each in cluster.replicas("airflow-worker")}
    assert producer.failed() == 0
    for worker in range(4):
        assert "jobs" in _log_of_work(cluster, worker)


def _unfinished(producer: Producer) -> list[str]:
    """What is left in Redis, but for the notifications that maintenance put there."""
    return [key for key in producer.left() if key != "resque:queue:default"]


def _places(cluster: Cluster) -> set[str]:
    """Where the shifts of the queue ran."""
    with psycopg.connect(cluster.database_url) as connection:
        rows = connection.execute(
            "SELECT DISTINCT hostname FROM task_instance"
            " WHERE dag_id = %s AND task_id = 'work' AND map_index >= 0",
            (QUEUE_DAG,),
        ).fetchall()
    return {host for (host,) in rows if host}


def _log_of_work(cluster: Cluster, worker: int) -> str:
    with psycopg.connect(cluster.database_url) as connection:
        row = connection.execute(
            "SELECT run_id FROM task_instance WHERE dag_id = %s AND task_id = 'work'"
            " AND state = 'success' ORDER BY start_date LIMIT 1",
            (QUEUE_DAG,),
        ).fetchone()
    assert row is not None
    path = f"dags/{QUEUE_DAG}/dagRuns/{row[0]}/taskInstances/work/logs/1"
    found = cluster.api("GET", f"{path}?full_content=true&map_index={worker}")["content"]
    return " ".join(str(line) for line in found)
