"""A generated clinic in a PostgreSQL that can be killed, and what the maintenance tasks do to it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import psutil
import psycopg
from psycopg import sql

from system_daemon.linkcare.expected import Expected
from system_daemon.linkcare.loading import seed
from system_daemon.linkcare.migrations import migrate
from system_daemon.local import processes
from system_daemon.local.postgres import Postgres
from system_daemon.maintenance.statements import read_statements
from system_daemon.maintenance.sweep import Sweep, Swept, sweep
from system_daemon.shipped_sql import shipped_sql
from tests.waiting import wait_until

AS_OF = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)
LOCK_TIMEOUT_S = 1.0
PURGE = "PURGE_DATABASE"
_PARAMETERS: dict[str, dict[str, object]] = {
    "ADMISSIONS_UPDATE": {"subscription": 1, "from_version": None, "to_version": None},
    "EXPIRED_SESSIONS": {"max_inactive": 1800},
    "OUTDATED_TASKS_CHECK": {"may_expire": True},
}
_PURGED = {
    "activity": "purged_activities",
    "admission": "purged_admissions",
    "notification": "purged_notifications",
    "patient_case": "purged_cases",
    "program": "purged_programs",
    "program_version": "purged_program_versions",
    "subscription": "purged_subscriptions",
    "task": "purged_tasks",
}
_PARENTS = (
    ("activity", "task_id", "task"),
    ("notification", "task_id", "task"),
    ("notification", "case_id", "patient_case"),
    ("task", "admission_id", "admission"),
    ("admission", "case_id", "patient_case"),
    ("admission", "subscription_id", "subscription"),
    ("admission", "program_version_id", "program_version"),
    ("program_version", "program_id", "program"),
    ("subscription", "program_id", "program"),
)
Counts = dict[str, int]


class MortalPostgres(Postgres):
    """A PostgreSQL that can be killed."""

    def kill(self) -> None:
        """kill -9 of the server and all its processes, as when its machine goes down."""
        identity = self._process
        assert identity
        server = psutil.Process(identity.pid)
        for process in [server, *server.children(recursive=True)]:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        wait_until(lambda: not processes.is_alive(identity), 10, "the end of PostgreSQL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinic:
    """The clinic as it was made."""

    url: str
    expected: Expected
    made: Counts
    """Rows of each table that a purge may touch."""

    def rows(self) -> Counts:
        """The same now."""
        return _rows(self.url)

    def purged(self) -> Counts:
        """Rows that are gone, by table."""
        now = self.rows()
        return {table: count - now[table] for table, count in self.made.items()}

    def to_purge(self) -> Counts:
        """Rows that a purge removes, by table."""
        return {table: getattr(self.expected, name) for table, name in _PURGED.items()}

    def orphans(self) -> int:
        """Rows whose parent is gone; looked for in the rows, whatever the foreign keys say."""
        with psycopg.connect(self.url) as connection:
            return sum(_orphans(connection, *each) for each in _PARENTS)


def make_clinic(url: str, tasks: int) -> Clinic:
    """Fill an empty database; the same number of tasks makes the same clinic."""
    with psycopg.connect(url, autocommit=True) as connection:
        migrate(connection)
        expected = seed(connection, tasks, as_of=AS_OF)
    return Clinic(url=url, expected=expected, made=_rows(url))


def run(
    url: str,
    task: str,
    *,
    batch_size: int,
    max_rows: int = 2_000_000,
    stopped: Callable[[], bool] = lambda: False,
) -> Swept:
    """One run of a task; `stopped` is asked at least once a batch."""
    given = _PARAMETERS.get(task, {})
    statements = [
        each
        for each in read_statements(
            shipped_sql("linkcare") / f"{task.lower()}.sql", parameters=given
        )
        if not each.report
    ]
    request = Sweep(
        task=task,
        as_of=AS_OF,
        params=given,
        batch_size=batch_size,
        max_rows=max_rows,
        lock_timeout=LOCK_TIMEOUT_S,
    )
    with psycopg.connect(url, autocommit=True) as connection:
        return sweep(connection, statements, request, log=lambda _line: None, stopped=stopped)


@contextmanager
def holding(url: str, *locked: tuple[str, str]) -> Iterator[int]:
    """Lock a tenth of the rows of tables, named with their keys; how many that are."""
    with psycopg.connect(url) as somebody:
        held = 0
        for table, key in locked:
            query = sql.SQL("SELECT FROM {} WHERE {} % 10 = 3 FOR UPDATE").format(
                sql.Identifier(table), sql.Identifier(key)
            )
            held += somebody.execute(query).rowcount
        yield held
        somebody.rollback()


def _rows(url: str) -> Counts:
    with psycopg.connect(url) as connection:
        return {table: _count(connection, table) for table in _PURGED}


def _count(connection: psycopg.Connection, table: str) -> int:
    query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def _orphans(connection: psycopg.Connection, child: str, key: str, parent: str) -> int:
    query = sql.SQL(
        "SELECT count(*) FROM {child} LEFT JOIN {parent} USING ({key})"
        " WHERE {child}.{key} IS NOT NULL AND {parent}.ctid IS NULL"
    ).format(child=sql.Identifier(child), parent=sql.Identifier(parent), key=sql.Identifier(key))
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
