"""The platform's own table of notifications, and jobs that wake the sender for its rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

from system_daemon.linkcare.migrations import migrate
from system_daemon.local.postgres import Postgres

PENDING, QUEUED, SENDING, SENT, FAILED = 1, 2, 3, 4, 5
DATABASE = "notifications"


@dataclass(slots=True)
class Table:
    """The platform's table of notifications."""

    connection: psycopg.Connection[dict[str, Any]]
    url: str

    def add(self, channel: str = "email", status: int = QUEUED, **values: Any) -> int:
        row = {"subject": "Visit", "body": "Your visit is at 9.", "deleted_at": None, **values}
        found = self.connection.execute(
            "INSERT INTO notification"
            " (case_id, channel, subject, body, status, due_at, queued_at, claimed_at, deleted_at)"
            " VALUES (1, %(channel)s, %(subject)s, %(body)s, %(status)s, now(), now(),"
            " CASE WHEN %(status)s = 3 THEN now() END, %(deleted_at)s)"
            " RETURNING notification_id",
            {"channel": channel, "status": status, **row},
        ).fetchone()
        assert found is not None
        return int(found["notification_id"])

    def row(self, key: int) -> dict[str, Any]:
        found = self.connection.execute(
            "SELECT * FROM notification WHERE notification_id = %s", (key,)
        ).fetchone()
        assert found is not None
        return found

    def status(self, key: int) -> int:
        return int(self.row(key)["status"])


@contextmanager
def notification_table(server: Postgres) -> Iterator[Table]:
    """The table in a database of its own, with one patient."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}")
    url = server.url(DATABASE)
    with psycopg.connect(url, autocommit=True) as connection:
        migrate(connection)
    with psycopg.connect(url, autocommit=True, row_factory=dict_row) as connection:
        connection.execute(
            "INSERT INTO patient_case (name, email, phone)"
            " VALUES ('Ana', 'ana@example.org', '+34600000001')"
        )
        yield Table(connection, url)
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


def wake(key: object, **more: object) -> str:
    """A job for the row of this key, as the maintenance tasks write it."""
    args = [{"notification": key, **more}]
    return json.dumps({"class": "SendNotification", "args": args, "id": f"notification-{key}"})
