"""`system-daemon check --deployment` in a component's own environment names what is wrong there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import psycopg
import pytest
import redis

from tests.cluster.cluster import Cluster
from tests.cluster.container import Container
from tests.experiments.producer import KEYS, QUEUE

pytestmark = pytest.mark.timeout(900)

SCHEDULER, TRIGGERER, WORKER = "airflow-scheduler-1", "airflow-triggerer-1", "airflow-worker-1"
COMPONENTS = {
    "airflow-apiserver": "api-server",
    "airflow-dag-processor": "dag-processor",
    SCHEDULER: "scheduler",
    TRIGGERER: "triggerer",
    WORKER: "worker",
}
JWT = "AIRFLOW__API_AUTH__JWT_SECRET"
DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
BROKER = "AIRFLOW__CELERY__BROKER_URL"
CELERY = "AIRFLOW__CELERY__CELERY_CONFIG_OPTIONS"
API_SERVER = "AIRFLOW__CORE__EXECUTION_API_SERVER_URL"
REDIS, POSTGRES = "AIRFLOW_CONN_SYSTEM_DAEMON_REDIS", "AIRFLOW_CONN_SYSTEM_DAEMON_POSTGRES"


@pytest.fixture
def client(cluster: Cluster) -> Iterator[redis.Redis]:
    """The platform's Redis, with a queue in it."""
    with redis.Redis.from_url(cluster.platform_redis_url) as client:
        client.sadd(KEYS.queues, QUEUE)
        yield client
        client.delete("elsewhere:queues")
        client.sadd(KEYS.queues, QUEUE)


def errors(container: Container, *, without: tuple[str, ...] = (), **also: str) -> dict[str, str]:
    """What the command finds wrong, by place."""
    problems, code = asked(container, without=without, also=also)
    found = {each["where"]: each["message"] for each in problems if each["severity"] == "error"}
    assert code == bool(found)
    return found


def asked(
    container: Container, *, without: tuple[str, ...] = (), also: Mapping[str, str] | None = None
) -> tuple[list[dict[str, str]], int]:
    """All problems, and the exit code."""
    command = ("python", "-m", "system_daemon.cli", "check", "--deployment", "--json")
    component = COMPONENTS[container.name]
    done = container.run(*command, "--component", component, also=also, without=without)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)["problems"], done.returncode


@pytest.mark.parametrize("name", COMPONENTS)
def test_in_every_component_of_a_cluster_that_works_nothing_is_wrong(
    cluster: Cluster, client: redis.Redis, name: str
) -> None:
    assert errors(cluster.containers[name]) == {}


def test_celery_settings_of_which_shifts_learn_nothing(cluster: Cluster) -> None:
    worker = cluster.containers[WORKER]
    problems, code = asked(worker, without=(CELERY,))
    assert code == 0
    (sentence,) = (each["message"] for each in problems if each["where"] == CELERY)
    assert "expected system_daemon.celery_settings.SETTINGS" in sentence
    assert CELERY not in {each["where"] for each in asked(worker)[0]}


def test_another_jwt_secret_than_the_api_servers(cluster: Cluster) -> None:
    (sentence,) = errors(cluster.containers[SCHEDULER], **{JWT: "another" * 9}).values()
    assert "their JWT secrets differ" in sentence
    assert f"set {JWT} to the same value" in sentence


def test_missing_secrets_of_airflow(cluster: Cluster) -> None:
    found = errors(cluster.containers[SCHEDULER], without=(JWT, DATABASE))
    assert set(found) == {JWT, DATABASE}
    for sentence in found.values():
        assert sentence.startswith("expected it in the scheduler, got none")
        assert "set it to the same value everywhere" in sentence


def test_missing_connections_of_the_platform(cluster: Cluster) -> None:
    found = errors(cluster.containers[WORKER], without=(REDIS, POSTGRES))
    assert f"set {REDIS}" in found["connection system_daemon_redis"]
    assert f"set {POSTGRES}" in found["connection system_daemon_postgres"]


def test_an_absent_pool(cluster: Cluster) -> None:
    with psycopg.connect(cluster.database_url, autocommit=True) as database:
        database.execute("UPDATE slot_pool SET pool = 'away' WHERE pool = 'system_daemon'")
        try:
            (sentence,) = errors(cluster.containers[SCHEDULER]).values()
        finally:
            database.execute("UPDATE slot_pool SET pool = 'system_daemon' WHERE pool = 'away'")
    assert "run: airflow pools set system_daemon 8" in sentence


def test_a_redis_that_has_its_queues_under_another_namespace(
    cluster: Cluster, client: redis.Redis
) -> None:
    client.rename(KEYS.queues, "elsewhere:queues")
    problems, _ = asked(cluster.containers[TRIGGERER])
    (sentence,) = (each["message"] for each in problems if each["where"] == ".namespace")
    assert 'it has them under "elsewhere"; set it to the one that the platform uses' in sentence


def test_a_broker_with_another_password_and_an_api_server_that_is_somewhere_else(
    cluster: Cluster,
) -> None:
    worker = cluster.containers[WORKER]
    url = worker.environment[BROKER]
    wrong = f"redis://:wrong@{url.rpartition('@')[2]}"
    found = errors(worker, **{BROKER: wrong, API_SERVER: "http://127.0.0.1:1/execution/"})
    assert f"set {BROKER}" in found["broker"]
    assert f"start it, or set {API_SERVER}" in found["api server"]
    assert not any("wrong" in sentence for sentence in found.values())
