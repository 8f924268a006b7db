"""A database of the reference schema, empty for every test."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from system_daemon.local.postgres import Postgres
from tests.integration.maintenance.linkcare import SQL, Linkcare

_NAME = "maintenance"
# Children before their parents; what the schema itself brings stays.
_TABLES = (
    *("session_value", "session", "app_user", "activity", "notification", "task", "admission"),
    *("subscription", "program_version", "program", "patient_case"),
)


@pytest.fixture(scope="session")
def linkcare_url(postgres_server: Postgres) -> str:
    """Where the database of the reference schema is."""
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {_NAME}")
        connection.execute(f"ALTER DATABASE {_NAME} SET synchronous_commit = off")
    url = postgres_server.url(_NAME)
    with psycopg.connect(url) as connection:
        for file in sorted((SQL / "migrations").glob("*.sql")):
            connection.execute(file.read_bytes())
    return url


@pytest.fixture
def connection(linkcare_url: str) -> Iterator[psycopg.Connection]:
    """A connection to the database without rows, as the operator makes it."""
    with psycopg.connect(linkcare_url, autocommit=True) as connection:
        for table in _TABLES:
            connection.execute(f"DELETE FROM {table}")
        yield connection


@pytest.fixture
def linkcare(connection: psycopg.Connection) -> Linkcare:
    """Adds rows and reads them."""
    return Linkcare(connection)
