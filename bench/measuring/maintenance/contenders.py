"""The sweep, and the same change as one hand-written statement."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psycopg

from measuring.maintenance.server import AS_OF
from system_daemon.configuration.maintenance import Brake
from system_daemon.maintenance.statements import read_statements
from system_daemon.maintenance.sweep import Sweep, Swept, sweep
from system_daemon.shipped_sql import shipped_sql

PARAMETERS: dict[str, dict[str, object]] = {
    "expired_sessions": {"max_inactive": 1800},
    "outdated_tasks_check": {"may_expire": True},
}
"""What tasks are given beside the moment."""
PERIODIC = (
    "outdated_tasks_check",
    "available_tasks_check",
    "purge_database",
    "service_tasks",
    "expired_admissions",
    "delayed_notifications",
    "expired_sessions",
)
_DESTRUCTIVE = ("purge_database", "expired_admissions", "expired_sessions")
Contender = Callable[[str, str, threading.Event], float]
"""Does a task's work in the database of a URL until it is done or told to stop; its seconds."""


def by_sweep(task: str, url: str, stop: threading.Event) -> float:
    """In batches, as Airflow runs it."""
    began = time.monotonic()
    with psycopg.connect(url, autocommit=True) as connection:
        swept(connection, task, stopped=stop.is_set)
    return time.monotonic() - began


def by_single_statement(task: str, url: str, stop: threading.Event) -> float:
    """All at once."""
    text = (Path(__file__).parent / "single" / f"{task}.sql").read_bytes()
    over = threading.Event()
    began = time.monotonic()
    with psycopg.connect(url, autocommit=True) as connection:

        def cancel_when_told() -> None:
            while not over.wait(0.05):
                if stop.is_set():
                    connection.cancel_safe()
                    return

        watch = threading.Thread(target=cancel_when_told)
        watch.start()
        with suppress(psycopg.errors.QueryCanceled):
            connection.execute(text, {"as_of": AS_OF})
        over.set()
        watch.join()
    return time.monotonic() - began


def swept(
    connection: psycopg.Connection,
    task: str,
    *,
    braked: bool = False,
    stopped: Callable[[], bool] = lambda: False,
) -> Swept:
    """One sweep of a task, with the settings of the shipped configuration, its brake if asked."""
    given = PARAMETERS.get(task, {})
    statements = read_statements(shipped_sql("linkcare") / f"{task}.sql", parameters=given)
    request = Sweep(
        task=task,
        as_of=AS_OF,
        params=given,
        max_rows=1_000_000_000,
        brake=Brake() if braked and task in _DESTRUCTIVE else None,
    )
    return sweep(connection, statements, request, log=lambda _line: None, stopped=stopped)


def state_of(url: str) -> list[tuple[object, ...]]:
    """What a contender left, in a few numbers: contenders must agree."""
    with psycopg.connect(url) as connection:
        tasks = connection.execute(
            "SELECT status, count(*), sum(iteration), round(sum(extract(epoch FROM scheduled_at))),"
            " count(notified_at), sum(task_id) FROM task GROUP BY status ORDER BY status"
        ).fetchall()
        others = connection.execute(
            "SELECT (SELECT count(*) FROM activity), (SELECT count(*) FROM notification),"
            " (SELECT count(*) FROM admission), (SELECT count(*) FROM patient_case),"
            " (SELECT count(*) FROM subscription), (SELECT count(*) FROM program),"
            " (SELECT count(*) FROM program_version)"
        ).fetchall()
    return [*tasks, *others]
