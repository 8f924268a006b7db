"""Databases of the test's own on the shared server, gone with the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import psycopg
import pytest
from psycopg import sql

from system_daemon.local.postgres import Postgres

_NUMBERS = count(1)


@pytest.fixture
def new_database(postgres_server: Postgres) -> Iterator[Callable[[], str]]:
    """Makes an empty database and tells its URL."""
    made: list[str] = []

    def make() -> str:
        made.append(f"linkcare_{next(_NUMBERS)}")
        execute("CREATE DATABASE {}", made[-1])
        return postgres_server.url(made[-1])

    def execute(command: str, name: str) -> None:
        with psycopg.connect(postgres_server.url(), autocommit=True) as connection:
            connection.execute(sql.SQL(command).format(sql.Identifier(name)))

    yield make
    for name in made:
        execute("DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
def database(new_database: Callable[[], str]) -> Iterator[psycopg.Connection]:
    """A connection to an empty database."""
    with psycopg.connect(new_database(), autocommit=True) as connection:
        yield connection
