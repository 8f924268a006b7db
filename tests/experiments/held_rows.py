"""Each maintenance task sweeps while somebody holds a tenth of the rows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from system_daemon.linkcare.expected import Expected
from tests.experiments.clinic_database import LOCK_TIMEOUT_S, PURGE, holding, make_clinic, run
from tests.experiments.findings import Findings

_LOOK_S = 0.02
_SLACK_S = 0.5
"""What a busy machine may add to a time limit."""
_TASK, _ADMISSION = ("task", "task_id"), ("admission", "admission_id")
_NOTIFICATION = ("notification", "notification_id")
_WAITS = "SELECT max(clock_timestamp() - waitstart) FROM pg_locks WHERE NOT granted"
# In this order none makes work for one that ran before.
_TASKS: dict[str, tuple[tuple[tuple[str, str], ...], Callable[[Expected], int]]] = {
    "OUTDATED_TASKS_CHECK": (
        (_TASK,), lambda e: e.outdated_expired + e.outdated_rescheduled
    ),
    "AVAILABLE_TASKS_CHECK": ((_TASK,), lambda e: e.available_notified),
    PURGE: ((_TASK, _NOTIFICATION, _ADMISSION), lambda e: e.purged),
    "SERVICE_TASKS": ((_TASK,), lambda e: e.service_closed),
    "DELAYED_NOTIFICATIONS": (
        (_NOTIFICATION,), lambda e: e.delayed_queued + e.delayed_rescued + e.delayed_uncertain
    ),
    "EXPIRED_SESSIONS": (
        (("session", "session_id"),), lambda e: e.sessions_removed + e.session_values_removed
    ),
    "EXPIRED_ADMISSIONS": (
        (_ADMISSION,), lambda e: e.admissions_discharged + e.admissions_tasks_cancelled
    ),
    "ADMISSIONS_UPDATE": (
        (_ADMISSION,), lambda e: e.updated_admissions + e.updated_migration_tasks
    ),
}  # fmt: skip


def hold_rows(url: str, *, tasks: int, batch_size: int) -> Findings:
    """Let every task run twice: while the rows are held, and when they are free again."""
    findings = Findings(
        experiment=f"a tenth of the rows held by others, {tasks} tasks in the database",
        unit="maintenance tasks",
    )
    clinic, late, longest = make_clinic(url, tasks), 0, 0.0
    for task, (locked, due) in _TASKS.items():
        with _longest_wait(url) as waits:
            with holding(url, *locked):
                first = run(url, task, batch_size=batch_size)
            second = run(url, task, batch_size=batch_size)
        done = [sum(swept.counts.values()) for swept in (first, second)]
        findings.count += 1
        late, longest = late + done[1], max(longest, *waits, 0.0)
        wanted = due(clinic.expected)
        findings.expect(
            that=sum(done) == wanted, otherwise=f"{task}: {wanted} were due, {done} done"
        )
        findings.expect(that=done[0] > done[1], otherwise=f"{task}: {done} before and after")
        findings.expect(
            that=(first.left is None) == (done[1] == 0) and second.left is None,
            otherwise=f"{task}: left {first.left}, then {second.left}; done {done}",
        )
    findings.expect(that=late > 0, otherwise="no row was in anybody's hands")
    findings.expect(
        that=longest <= LOCK_TIMEOUT_S + _SLACK_S, otherwise=f"a wait for a lock of {longest:.1f} s"
    )
    findings.notes.append(
        f"{late} rows were left and done by the next run; the longest wait for a lock took"
        f" {longest:.2f} s with a lock_timeout of {LOCK_TIMEOUT_S:g} s"
    )
    return findings


@contextmanager
def _longest_wait(url: str) -> Iterator[list[float]]:
    """Seconds for which anybody was seen to wait for a lock."""
    over, found = threading.Event(), [0.0]

    def watch() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            while not over.wait(_LOOK_S):
                row = connection.execute(_WAITS).fetchone()
                if row and row[0] is not None:
                    found.append(row[0].total_seconds())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield found
    finally:
        over.set()
        watcher.join()
