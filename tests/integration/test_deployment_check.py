"""`system-daemon check --deployment`: what is missing around the configuration, before a task fails.

The pool and the API server's secret need a whole Airflow: ``tests/cluster``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from system_daemon.configuration.loading import load
from system_daemon.deployment.readiness import deployment_problems
from system_daemon.local.postgres import Postgres

REDIS, POSTGRES = "AIRFLOW_CONN_SYSTEM_DAEMON_REDIS", "AIRFLOW_CONN_SYSTEM_DAEMON_POSTGRES"
NOBODY = "127.0.0.1:1"
Ask = Callable[..., dict[str, str]]


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Asks about one queue and one maintenance task; the sentences by where they belong."""
    jobs = {"queues": [{"name": "default"}], "routes": [{"job_class": "*", "dag": "any"}]}
    (tmp_path / "background_jobs.json").write_text(json.dumps(jobs))
    (tmp_path / "external_services.json").write_text("[]")
    (tmp_path / "maintenance.json").write_text('{"max_inactive_session_time": 1800}')
    monkeypatch.setenv("SYSTEM_DAEMON_CONFIG", str(tmp_path))

    def ask(**environment: str) -> dict[str, str]:
        for name in (REDIS, POSTGRES):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return {each.where: each.message for each in deployment_problems(load())}

    return ask


def test_a_missing_connection_is_named_with_the_variable_that_makes_it(said: Ask) -> None:
    found = said()
    for conn_id, variable in (
        ("system_daemon_redis", REDIS),
        ("system_daemon_postgres", POSTGRES),
    ):
        sentence = found[f"connection {conn_id}"]
        assert sentence.startswith(f'expected an Airflow connection "{conn_id}"')
        assert f"set {variable}" in sentence


def test_servers_that_do_not_answer_are_named_without_their_passwords(said: Ask) -> None:
    found = said(
        **{REDIS: f"redis://:hunter2@{NOBODY}/0", POSTGRES: f"postgres://us:hunter2@{NOBODY}/x"}
    )
    assert "127.0.0.1" in found["connection system_daemon_redis"]
    assert "expected a PostgreSQL that answers" in found["connection system_daemon_postgres"]
    assert not any("hunter2" in sentence for sentence in found.values())


def test_servers_that_answer_are_not_mentioned(
    said: Ask, redis_url: str, postgres_server: Postgres
) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.sadd("resque:queues", "default")
    found = said(**{REDIS: redis_url, POSTGRES: postgres_server.url()})
    assert [where for where in found if where.startswith("connection")] == []


def test_a_redis_without_the_namespace_is_named(said: Ask, redis_url: str) -> None:
    sentence = said(**{REDIS: redis_url})["connection system_daemon_redis"]
    assert sentence.startswith('expected queues under the namespace "resque", got a Redis without')
    with redis.Redis.from_url(redis_url) as client:
        client.sadd("clinic:queues", "default")
    assert 'it has them under "clinic"' in said(**{REDIS: redis_url})[".namespace"]


def test_a_missing_fernet_key_is_named(said: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "")
    assert "AIRFLOW__CORE__FERNET_KEY" in said()["fernet key"]
