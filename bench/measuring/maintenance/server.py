"""A PostgreSQL with generated data, of which every contender gets a copy of the same files."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import sql

from measuring.report import shown
from system_daemon.linkcare.expected import Expected
from system_daemon.linkcare.loading import seed
from system_daemon.linkcare.migrations import migrate
from system_daemon.local.ports import free_port
from system_daemon.local.postgres import Postgres

AS_OF = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)
_PRISTINE = "pristine"
_SETTINGS = {
    # A small server of its own, with memory for what is used every day; all else as shipped, so
    # each commit is on disk before it counts.
    "shared_buffers": "2GB",
    "effective_cache_size": "8GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.track_planning": "on",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeServer:
    """The server and what its data holds."""

    postgres: Postgres
    tasks: int
    expected: Expected
    seeded_in: float
    """Seconds that the data took."""

    @contextmanager
    def copy(self, name: str, *, of: str = _PRISTINE, keep: bool = False) -> Iterator[str]:
        """The URL of a database with the same files, warm; gone afterwards unless kept."""
        self._execute("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, of)
        url = self.postgres.url(name)
        _warm(url)
        try:
            yield url
        finally:
            if not keep:
                self.drop(name)

    def drop(self, name: str) -> None:
        """Remove a database, whoever uses it."""
        self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def checkpoint(self) -> None:
        """Write everything down, so that nobody pays for what was before."""
        self._execute("CHECKPOINT")

    def _execute(self, command: str, *names: str) -> None:
        with psycopg.connect(self.postgres.url(), autocommit=True) as connection:
            connection.execute(sql.SQL(command).format(*map(sql.Identifier, names)))


@contextmanager
def large_server(folder: Path, tasks: int) -> Iterator[LargeServer]:
    """A server in the folder with a database of so many tasks; stopped at the end."""
    postgres = Postgres(
        folder, port=free_port(), password="loopback-only", log=folder / "log", settings=_SETTINGS
    )
    postgres.start()
    try:
        with psycopg.connect(postgres.url(), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_PRISTINE)))
        began = time.monotonic()
        with psycopg.connect(postgres.url(_PRISTINE), autocommit=True) as connection:
            migrate(connection)
            expected = seed(connection, tasks, as_of=AS_OF)
            connection.execute("VACUUM")
            connection.execute("CREATE EXTENSION pg_prewarm")
        seconds = time.monotonic() - began
        print(f"{tasks:,} tasks were generated in {shown(seconds)} s\n", flush=True)
        yield LargeServer(postgres=postgres, tasks=tasks, expected=expected, seeded_in=seconds)
    finally:
        postgres.stop()


def _warm(url: str) -> None:
    """Everything that fits into the server's memory is there, the hot indexes last."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_prewarm(oid) FROM pg_class"
            " WHERE relkind IN ('r', 'i') AND relnamespace = 'public'::regnamespace"
            " ORDER BY relkind DESC, pg_relation_size(oid) DESC"
        )
