"""Others hold locks, or the database goes away: the sweep does the rest, and the next run all."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from system_daemon.configuration.maintenance import Brake
from system_daemon.local.ports import free_port
from system_daemon.local.postgres import Postgres
from system_daemon.maintenance.sweep import ConnectionLostError, LockedOutError, Swept
from tests.integration.maintenance.linkcare import NOON, OPEN, QUEUED, SENDING, SQL, Linkcare
from tests.servers import PASSWORD

OLD = NOON - timedelta(days=60)
LOCK_TIMEOUT = 0.2


@pytest.fixture
def somebody(linkcare_url: str) -> Iterator[psycopg.Connection]:
    """An interactive user in the middle of a transaction."""
    with psycopg.connect(linkcare_url) as connection:
        yield connection
        connection.rollback()


def _patients(linkcare: Linkcare, number: int) -> None:
    """Patients that are to be purged, with an admission, tasks and what hangs below them."""
    for _ in range(number):
        case = linkcare.case(deleted_at=OLD)
        admission = linkcare.admission(case_id=case)
        for mark in (OLD, None):
            task = linkcare.task(admission_id=admission, deleted_at=mark)
            linkcare.activity(task)
            linkcare.notification(case_id=case, task_id=task)


@pytest.mark.parametrize("table", ["task", "activity", "notification", "admission", "patient_case"])
def test_a_purge_leaves_what_is_locked_and_what_is_above_it(
    linkcare: Linkcare, somebody: psycopg.Connection, table: str
) -> None:
    _patients(linkcare, 20)
    locked = sorted(linkcare.keys(table))[::10]
    key = "case_id" if table == "patient_case" else f"{table}_id"
    somebody.execute(f"SELECT FROM {table} WHERE {key} = ANY(%s) FOR UPDATE", (locked,))
    lines: list[str] = []
    start = time.monotonic()
    swept = linkcare.run("PURGE_DATABASE", batch_size=7, lock_timeout=30, log=lines.append)
    # It waited for none of them, or it would have for 30 s.
    assert time.monotonic() - start < 25
    assert swept.left == "locked"
    assert any("others have locked them" in line for line in lines)
    assert linkcare.keys(table) == {*locked}
    somebody.rollback()
    again = linkcare.run("PURGE_DATABASE")
    assert again.left is None
    assert all(not linkcare.rows(name) for name in ("patient_case", "task", "notification"))
    total = swept.counts["tasks_purged"] + again.counts["tasks_purged"]
    assert (total, swept.counts["cases_purged"] + again.counts["cases_purged"]) == (40, 20)


@pytest.mark.parametrize(
    ("task", "columns"),
    [
        ("OUTDATED_TASKS_CHECK", {"expires_after": "1 hour"}),
        ("AVAILABLE_TASKS_CHECK", {"scheduled_at": NOON}),
        ("SERVICE_TASKS", {"role_id": 47}),
    ],
)
def test_locked_tasks_are_left_for_the_next_run(
    linkcare: Linkcare, somebody: psycopg.Connection, task: str, columns: dict[str, object]
) -> None:
    admission = linkcare.admission()
    keys = [
        linkcare.task(
            **{"admission_id": admission, "scheduled_at": NOON - timedelta(days=1), **columns}
        )
        for _ in range(30)
    ]
    locked = keys[::10]
    before = {key: linkcare.row("task", key) for key in locked}
    somebody.execute("SELECT FROM task WHERE task_id = ANY(%s) FOR UPDATE", (locked,))
    swept = linkcare.run(task, batch_size=4, lock_timeout=30)
    assert (swept.rows, swept.left, swept.rows_left) == (27, "locked", 3)
    assert {key: linkcare.row("task", key) for key in locked} == before
    somebody.rollback()
    assert linkcare.run_twice(task).rows == 3


def test_a_patient_who_is_held_keeps_nobody_else_from_being_told(
    linkcare: Linkcare, somebody: psycopg.Connection
) -> None:
    cases = [linkcare.case() for _ in range(12)]
    for minutes, case in enumerate(cases):
        linkcare.task(
            admission_id=linkcare.admission(case_id=case),
            scheduled_at=NOON + timedelta(minutes=minutes),
        )
    # Those whose time comes first, and more of them than fit into a batch.
    somebody.execute("SELECT FROM patient_case WHERE case_id = ANY(%s) FOR UPDATE", (cases[:5],))
    start = time.monotonic()
    swept = linkcare.run("AVAILABLE_TASKS_CHECK", batch_size=2, lock_timeout=30)
    assert time.monotonic() - start < 25
    assert (swept.counts["tasks_notified"], swept.left, swept.rows_left) == (7, "locked", 5)
    somebody.rollback()
    assert linkcare.run_twice("AVAILABLE_TASKS_CHECK").counts["tasks_notified"] == 5


@pytest.mark.parametrize(
    ("count", "columns"),
    [
        ("notifications_queued", {"due_at": NOON}),
        ("notifications_rescued", {"status": QUEUED, "queued_at": NOON - timedelta(hours=1)}),
        ("notifications_given_up", {"status": SENDING, "claimed_at": NOON - timedelta(hours=1)}),
    ],
)
@pytest.mark.parametrize("table", ["notification", "patient_case"])
def test_locked_notifications_are_left_and_a_held_patient_is_no_reason(
    linkcare: Linkcare,
    somebody: psycopg.Connection,
    table: str,
    count: str,
    columns: dict[str, object],
) -> None:
    keys = [linkcare.notification(**columns) for _ in range(10)]
    locked = keys[:3] if table == "notification" else linkcare.keys(table)
    key = "notification_id" if table == "notification" else "case_id"
    somebody.execute(f"SELECT FROM {table} WHERE {key} = ANY(%s) FOR UPDATE", ([*locked],))
    swept = linkcare.run("DELAYED_NOTIFICATIONS", batch_size=2, lock_timeout=30)
    left = 3 if table == "notification" else 0
    assert swept.counts[count] == 10 - left
    assert (swept.left, swept.rows_left) == ("locked" if left else None, left)
    somebody.rollback()
    assert linkcare.run_twice("DELAYED_NOTIFICATIONS").counts[count] == left


@pytest.mark.parametrize("table", ["session", "session_value"])
def test_a_session_that_is_held_waits_with_all_its_values_and_no_other_does(
    linkcare: Linkcare, somebody: psycopg.Connection, table: str
) -> None:
    user = linkcare.add("app_user", login="u")
    keys = []
    for days in range(10, 0, -1):
        moment = NOON - timedelta(days=days)
        keys.append(linkcare.add("session", user_id=user, started_at=moment, last_active_at=moment))
        for name in ("language", "role"):
            linkcare.connection.execute(
                "INSERT INTO session_value VALUES (%s, %s, 'v')", (keys[-1], name)
            )
    # Those that have been idle for the longest time, and more of them than fit into a batch.
    condition = "session_id = ANY(%s)" + " AND key = 'role'" * (table == "session_value")
    somebody.execute(f"SELECT FROM {table} WHERE {condition} FOR UPDATE", (keys[:3],))
    request = {"batch_size": 2, "lock_timeout": 30, "params": {"max_inactive": 60}}
    start = time.monotonic()
    swept = linkcare.run("EXPIRED_SESSIONS", **request)
    assert time.monotonic() - start < 25
    assert swept.counts == {"sessions_removed": 7, "session_values_removed": 14}
    assert (swept.left, swept.rows_left) == ("locked", 3)
    assert (linkcare.keys("session"), len(linkcare.rows("session_value"))) == ({*keys[:3]}, 6)
    somebody.rollback()
    assert linkcare.run_twice("EXPIRED_SESSIONS", **request).counts["sessions_removed"] == 3


def test_an_update_leaves_admissions_that_are_held_and_waits_for_no_held_version(
    linkcare: Linkcare, somebody: psycopg.Connection
) -> None:
    program = linkcare.program()
    old, _, newest = (linkcare.version(program, number) for number in (1, 2, 3))
    subscription = linkcare.subscription(program)
    keys = [
        linkcare.admission(subscription_id=subscription, program_version_id=old) for _ in range(10)
    ]
    params = {"subscription": subscription, "from_version": None, "to_version": None}
    request = {"params": params, "batch_size": 2, "lock_timeout": 30}
    start = time.monotonic()
    somebody.execute(
        "SELECT FROM program_version WHERE program_version_id = %s FOR UPDATE", (newest,)
    )
    held = linkcare.run("ADMISSIONS_UPDATE", **request)
    assert (held.rows, held.left, held.rows_left) == (0, "locked", 10)
    assert {row["program_version_id"] for row in linkcare.rows("admission")} == {old}
    somebody.rollback()
    somebody.execute("SELECT FROM admission WHERE admission_id = ANY(%s) FOR UPDATE", (keys[:3],))
    swept = linkcare.run("ADMISSIONS_UPDATE", **request)
    assert time.monotonic() - start < 25
    assert (swept.rows, swept.left, swept.rows_left) == (7, "locked", 3)
    somebody.rollback()
    assert linkcare.run_twice("ADMISSIONS_UPDATE", **request).rows == 3
    assert {row["program_version_id"] for row in linkcare.rows("admission")} == {newest}


def test_an_admission_waits_for_its_locked_task(
    linkcare: Linkcare, somebody: psycopg.Connection
) -> None:
    subscription = linkcare.subscription(duration="1 day")
    enrolled = NOON - timedelta(days=9)
    keys = [
        linkcare.admission(subscription_id=subscription, enrolled_at=enrolled) for _ in range(10)
    ]
    tasks = [linkcare.task(admission_id=key) for key in keys]
    somebody.execute("SELECT FROM task WHERE task_id = %s FOR UPDATE", (tasks[4],))
    swept = linkcare.run("EXPIRED_ADMISSIONS", batch_size=1)
    assert swept.counts == {"tasks_cancelled": 9, "admissions_discharged": 9}
    assert linkcare.value("admission", keys[4], "status") == 1
    assert linkcare.value("task", tasks[4], "status") == OPEN
    somebody.rollback()
    counts = linkcare.run("EXPIRED_ADMISSIONS").counts
    assert counts == {"tasks_cancelled": 1, "admissions_discharged": 1}


def test_two_sweeps_at_once_tell_each_patient_once(linkcare: Linkcare, linkcare_url: str) -> None:
    admission = linkcare.admission()
    tasks = [linkcare.task(admission_id=admission) for _ in range(60)]
    due = [linkcare.notification() for _ in range(60)]
    handed: list[int] = []

    def one(task: str) -> Swept:
        with psycopg.connect(linkcare_url, autocommit=True) as connection:
            return Linkcare(connection).run(task, batch_size=1, hand_over=handed.extend)

    for name, rows in (("DELAYED_NOTIFICATIONS", due), ("AVAILABLE_TASKS_CHECK", tasks)):
        handed.clear()
        with ThreadPoolExecutor(3) as pool:
            swept = [*pool.map(one, [name] * 3)]
        assert sum(each.rows for each in swept) == len(rows)
        assert len(handed) == len({*handed}) == len(rows)
    told = [row["task_id"] for row in linkcare.rows("notification") if row["task_id"]]
    assert sorted(told) == sorted(tasks)


def test_a_lock_on_the_whole_table_is_waited_for_no_longer_than_lock_timeout(
    linkcare: Linkcare, somebody: psycopg.Connection
) -> None:
    linkcare.task(role_id=47)
    somebody.execute("LOCK TABLE task IN SHARE MODE")
    start = time.monotonic()
    swept = linkcare.run("SERVICE_TASKS", lock_timeout=LOCK_TIMEOUT)
    assert time.monotonic() - start < 20
    assert (swept.rows, swept.left, swept.rows_left) == (0, "locked", 1)
    somebody.rollback()
    assert linkcare.run("SERVICE_TASKS").rows == 1


@pytest.fixture
def frail(tmp_path: Path) -> Iterator[Postgres]:
    """A server of the test's own, which may be stopped."""
    server = Postgres(tmp_path, port=free_port(), password=PASSWORD, log=tmp_path / "log")
    url = server.start()
    with psycopg.connect(url) as connection:
        for file in sorted((SQL / "migrations").glob("*.sql")):
            connection.execute(file.read_bytes())
    yield server
    server.stop()


def test_a_restart_in_the_middle_of_a_purge_loses_nothing(frail: Postgres) -> None:
    with psycopg.connect(frail.url(), autocommit=True) as connection:
        linkcare = Linkcare(connection)
        _patients(linkcare, 15)
        seen: list[int] = []

        def restart() -> bool:
            seen.append(len(seen))
            if len(seen) == 3:
                frail.stop()
                frail.start()
            return False

        with pytest.raises(ConnectionLostError, match="what was committed stays") as lost:
            linkcare.run("PURGE_DATABASE", batch_size=5, stopped=restart)
    assert lost.value.swept is not None
    assert lost.value.swept.counts["tasks_purged"] == 10, "what was done is told all the same"
    with psycopg.connect(frail.url(), autocommit=True) as connection:
        linkcare = Linkcare(connection)
        # Two batches were committed, and no task is there without what was written in it.
        assert len(linkcare.rows("task")) == 30 - 2 * 5
        assert len(linkcare.rows("activity")) == len(linkcare.rows("notification")) == 20
        swept = linkcare.run_twice("PURGE_DATABASE", batch_size=5)
        assert swept.counts["tasks_purged"] == swept.counts["activities_purged"] == 20
        assert swept.counts["cases_purged"] == swept.counts["admissions_purged"] == 15
        assert not linkcare.rows("activity") + linkcare.rows("notification")


@pytest.mark.parametrize("asked", [{"dry_run": True}, {"brake": Brake(max_rows=1)}])
def test_a_lock_on_the_whole_table_is_said_where_rows_have_to_be_counted_first(
    linkcare: Linkcare, somebody: psycopg.Connection, asked: dict[str, object]
) -> None:
    linkcare.task(role_id=47)
    somebody.execute("LOCK TABLE task IN ACCESS EXCLUSIVE MODE")
    with pytest.raises(
        LockedOutError, match=r"service_tasks\.sql .* got a lock on the whole table"
    ):
        linkcare.run("SERVICE_TASKS", lock_timeout=LOCK_TIMEOUT, **asked)
    somebody.rollback()
    assert linkcare.run("SERVICE_TASKS").rows == 1


def test_a_report_that_meets_a_lock_does_not_end_the_run(
    linkcare: Linkcare, somebody: psycopg.Connection
) -> None:
    linkcare.task(scheduled_at=NOON)
    lines: list[str] = []
    moments = iter([True])

    def unlock(line: str) -> None:
        lines.append(line)
        if next(moments, False):
            somebody.rollback()

    somebody.execute("LOCK TABLE task IN ACCESS EXCLUSIVE MODE")
    swept = linkcare.run("AVAILABLE_TASKS_CHECK", lock_timeout=LOCK_TIMEOUT, log=unlock)
    assert swept.counts["tasks_notified"] == 1
    assert "got a lock on the whole table" in lines[0]
