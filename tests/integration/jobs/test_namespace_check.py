"""`system-daemon check` asks Redis whether anybody puts jobs where the configuration looks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.unit.cli.folders import run, write

CONNECTION = "AIRFLOW_CONN_SYSTEM_DAEMON_REDIS"


@pytest.fixture
def client(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[redis.Redis]:
    """A Redis that the environment names."""
    monkeypatch.setenv(CONNECTION, redis_url)
    with redis.Redis.from_url(redis_url) as one:
        yield one


@pytest.fixture
def problems(tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    """What `check` finds in a configuration with the namespace `resque`."""

    def found(**jobs: object) -> list[dict[str, Any]]:
        routes = [{"job_class": "*", "dag": "reports"}]
        entry = {"namespace": "resque", "queues": [{"name": "clinic"}], "routes": routes} | jobs
        (write(tmp_path) / "background_jobs.json").write_text(json.dumps(entry))
        result = run("check", "--json", "--config", tmp_path)
        assert result.exit_code == 0, "a warning is no error"
        return list(json.loads(result.stdout)["problems"])

    return found


def test_a_namespace_without_queues_while_another_has_some(
    client: redis.Redis, problems: Callable[..., list[dict[str, Any]]]
) -> None:
    client.sadd("linkcare:queues", "clinic")
    client.set("resque:queue-like:queues", "no set")
    (problem,) = problems()
    assert problem["severity"] == "warning"
    assert (problem["file"], problem["where"]) == ("background_jobs.json", ".namespace")
    assert 'got "resque"' in problem["message"]
    assert problem["message"].endswith('it has them under "linkcare"')


@pytest.mark.parametrize("namespace", ["linkcare", "linkcare:"])
def test_the_right_namespace_is_fine(
    client: redis.Redis, problems: Callable[..., list[dict[str, Any]]], namespace: str
) -> None:
    client.sadd("linkcare:queues", "clinic")
    client.sadd("other:queues", "clinic")
    assert problems(namespace=namespace) == []


def test_a_redis_that_nobody_has_used_yet_is_fine(
    client: redis.Redis, problems: Callable[..., list[dict[str, Any]]]
) -> None:
    client.set("something", "else")
    assert problems() == []


def test_without_queues_redis_is_not_asked(
    client: redis.Redis, problems: Callable[..., list[dict[str, Any]]]
) -> None:
    client.sadd("linkcare:queues", "clinic")
    assert [each["where"] for each in problems(queues=[], routes=[])] == [".queues"]


@pytest.mark.parametrize(
    "value", ["", "redis://127.0.0.1:1/0", "redis://localhost:odd/0", '{"conn_type": "redis"}']
)
def test_a_redis_that_is_not_reached_is_no_problem(
    problems: Callable[..., list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv(CONNECTION, value)
    assert problems() == []


def test_another_connection_of_the_environment_is_asked(
    client: redis.Redis,
    redis_url: str,
    problems: Callable[..., list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(CONNECTION)
    monkeypatch.setenv("AIRFLOW_CONN_CLINIC", redis_url)
    client.sadd("linkcare:queues", "clinic")
    assert problems() == []
    assert len(problems(redis_connection="clinic")) == 1
