"""A database of letters, and the task of a site that sends them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from system_daemon.configuration.loading import Configuration, load
from system_daemon.local.postgres import Postgres
from tests.integration.maintenance_run.letters import SWEEP, connect


@pytest.fixture(scope="session")
def database(postgres_server: Postgres) -> str:
    with psycopg.connect(postgres_server.url(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE letters")
    return postgres_server.url("letters")


@pytest.fixture
def platform(database: str) -> Iterator[psycopg.Connection]:
    """A table of letters, none of them sent."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS letter")
        connection.execute(
            "CREATE TABLE letter (id bigint PRIMARY KEY, sent boolean, by_whom text, moment timestamptz)"
        )
        yield connection


@pytest.fixture
def deployed(
    platform: psycopg.Connection,
    database: str,
    redis_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Configuration:
    """The connections in Airflow, and one destructive task of the site's own."""
    connect(monkeypatch, "postgres", database)
    connect(monkeypatch, "redis", redis_url)
    monkeypatch.setenv("SYSTEM_DAEMON_CONFIG", str(tmp_path))
    (tmp_path / "letters.sql").write_text(SWEEP)
    task = {"name": "letters", "sql": "letters.sql", "destructive": True, "batch_size": 2}
    whole = {"notification_queue": "mail", "tasks": [task], "brake": {"max_rows": 4}}
    (tmp_path / "maintenance.json").write_text(json.dumps(whole))
    (tmp_path / "settings.json").write_text('{"system_timezone": "Asia/Kolkata"}')
    (tmp_path / "background_jobs.json").write_text('{"namespace": "clinic"}')
    return load(tmp_path)
