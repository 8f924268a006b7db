"""The shipped maintenance tasks find in generated data what it was made to hold."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg

from system_daemon.linkcare.loading import seed
from system_daemon.linkcare.migrations import migrate
from system_daemon.maintenance.statements import read_statements
from system_daemon.maintenance.sweep import Sweep, sweep
from system_daemon.shipped_sql import shipped_sql

AS_OF = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)
PARAMETERS: dict[str, dict[str, object]] = {
    "expired_sessions": {"max_inactive": 1800},
    "outdated_tasks_check": {"may_expire": True},
}
TASKS = (
    "outdated_tasks_check",
    "available_tasks_check",
    "purge_database",
    "service_tasks",
    "delayed_notifications",
    "expired_sessions",
    "expired_admissions",
)


def _changed(database: psycopg.Connection, task: str) -> int:
    """How many rows a sweep counted, its reports left out."""
    given = PARAMETERS.get(task, {})
    statements = [
        each
        for each in read_statements(shipped_sql("linkcare") / f"{task}.sql", parameters=given)
        if not each.report
    ]
    request = Sweep(task=task, as_of=AS_OF, params=given)
    swept = sweep(database, statements, request, log=lambda _line: None)
    return sum(swept.counts.values())


def test_each_task_acts_on_what_was_told_and_then_finds_nothing(
    database: psycopg.Connection,
) -> None:
    migrate(database)
    expected = seed(database, 5_000, as_of=AS_OF)
    assert {task: _changed(database, task) for task in TASKS} == {
        "outdated_tasks_check": expected.outdated_expired + expected.outdated_rescheduled,
        "available_tasks_check": expected.available_notified,
        "purge_database": expected.purged,
        "service_tasks": expected.service_closed,
        "delayed_notifications": expected.delayed_queued
        + expected.delayed_rescued
        + expected.delayed_uncertain,
        "expired_sessions": expected.sessions_removed + expected.session_values_removed,
        "expired_admissions": expected.admissions_discharged + expected.admissions_tasks_cancelled,
    }
    # A discharge leaves a task of the role SERVICE, which is due at once.
    assert _changed(database, "service_tasks") == expected.admissions_discharged
    assert {_changed(database, task) for task in TASKS} == {0}
