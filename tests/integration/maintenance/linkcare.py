"""Rows of the reference schema for tests, and one run of a task over them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from system_daemon.maintenance.statements import read_statements
from system_daemon.maintenance.sweep import Sweep, Swept, sweep

SQL = Path(__file__).parents[3] / "include" / "sql" / "linkcare"
INCOMPLETE, ACTIVE, REJECTED, DISCHARGED, ENROLLED, PAUSED = 0, 1, 2, 4, 5, 6
OPEN, CLOSED, EXPIRED, CANCELLED_BY_ADMISSION = 12, 13, 17, 98
TASK_STATUSES = (11, 12, 13, 14, 15, 16, 17, 98, 99)
PENDING, QUEUED, SENDING, SENT, FAILED = 1, 2, 3, 4, 5
CASE_MANAGER, SERVICE = 24, 47
NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)
_GIVEN = {"OUTDATED_TASKS_CHECK": {"may_expire": True}}
_PARAMETERS = ("max_inactive", "may_expire", "subscription", "from_version", "to_version")
_DOORS = {"hand_over", "stopped", "clock", "rest"}
_KEYS = {"patient_case": "case_id", "app_user": "user_id"}


class Linkcare:
    """A small clinic; every method adds one row with the columns that a test is about."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def add(self, table: str, **columns: Any) -> int:
        """One row; its key."""
        row = self.connection.execute(
            sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING {}").format(
                sql.Identifier(table),
                sql.SQL(", ").join(map(sql.Identifier, columns)),
                sql.SQL(", ").join(map(sql.Placeholder, columns)),
                sql.Identifier(_KEYS.get(table, f"{table}_id")),
            ),
            columns,
        ).fetchone()
        assert row is not None
        return row[0]

    def program(self, **columns: Any) -> int:
        """A program without versions."""
        return self.add("program", **{"name": "Heart failure", **columns})

    def version(self, program: int, number: int, **columns: Any) -> int:
        """A version of it."""
        return self.add("program_version", program_id=program, version=number, **columns)

    def subscription(self, program: int | None = None, **columns: Any) -> int:
        """A subscription, of a program of its own."""
        key = program or self.program()
        return self.add("subscription", **{"program_id": key, "name": "North clinic", **columns})

    def case(self, **columns: Any) -> int:
        """A patient."""
        return self.add("patient_case", **{"name": "P", "email": "p@example.org", **columns})

    def admission(self, **columns: Any) -> int:
        """An active admission of a patient of its own."""
        if "case_id" not in columns:
            columns["case_id"] = self.case()
        if "subscription_id" not in columns:
            columns["subscription_id"] = self.subscription()
        if "program_version_id" not in columns:
            program = self.value("subscription", columns["subscription_id"], "program_id")
            known = self.rows("program_version")
            columns["program_version_id"] = next(
                (each["program_version_id"] for each in known if each["program_id"] == program),
                None,
            ) or self.version(program, 1)
        return self.add("admission", **{"status": ACTIVE, **columns})

    def task(self, **columns: Any) -> int:
        """An open task of the patient, of an active admission of its own."""
        if "admission_id" not in columns:
            columns["admission_id"] = self.admission()
        if columns.get("recurs_every") is not None:
            columns.setdefault("recurs_from", columns["scheduled_at"])
        return self.add(
            "task", **{"name": "Weight", "status": OPEN, "scheduled_at": NOON, **columns}
        )

    def activity(self, task: int) -> int:
        """Something that was written in a task."""
        return self.add("activity", task_id=task, kind="form", content="secret of a patient")

    def notification(self, **columns: Any) -> int:
        """A pending message to a patient of its own."""
        if "case_id" not in columns:
            columns["case_id"] = self.case()
        return self.add(
            "notification",
            **{
                "channel": "email",
                "subject": "S",
                "body": "B",
                "status": PENDING,
                "due_at": NOON,
                **columns,
            },
        )

    def rows(self, table: str) -> list[dict[str, Any]]:
        """All rows of a table, by their key."""
        with self.connection.cursor(row_factory=dict_row) as cursor:
            query = sql.SQL("SELECT * FROM {} ORDER BY 1").format(sql.Identifier(table))
            return cursor.execute(query).fetchall()

    def row(self, table: str, key: int) -> dict[str, Any]:
        """One row."""
        name = _KEYS.get(table, f"{table}_id")
        return next(each for each in self.rows(table) if each[name] == key)

    def value(self, table: str, key: int, column: str) -> Any:
        """One column of it."""
        return self.row(table, key)[column]

    def keys(self, table: str) -> set[int]:
        """The keys of all rows of a table."""
        return {each[_KEYS.get(table, f"{table}_id")] for each in self.rows(table)}

    def run(
        self,
        task: str,
        *,
        as_of: datetime | None = NOON,
        log: Callable[[str], None] = lambda _: None,
        **request: Any,
    ) -> Swept:
        """One run of a task of the package."""
        statements = read_statements(SQL / f"{task.lower()}.sql", parameters=_PARAMETERS)
        doors = {name: request.pop(name) for name in _DOORS & request.keys()}
        params = {**_GIVEN.get(task, {}), **request.pop("params", {})}
        asked = Sweep(task=task, as_of=as_of, params=params, **request)
        return sweep(self.connection, statements, asked, log=log, **doors)

    def run_twice(self, task: str, **request: Any) -> Swept:
        """A run whose dry run says the same, and after which a second one finds nothing."""
        before = {table: self.rows(table) for table in ("task", "admission", "notification")}
        dry = self.run(task, **{**request, "dry_run": True})
        assert before == {table: self.rows(table) for table in before}
        swept = self.run(task, **request)
        assert (dry.counts, dry.rows) == (swept.counts, swept.rows)
        assert swept.left is None
        again = self.run(task, **request)
        assert (again.rows, again.batches) == (0, 0)
        return swept
