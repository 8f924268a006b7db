"""The reference schema, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from system_daemon.linkcare.migrations import (
    Migration,
    MigrationError,
    migrate,
    read_migrations,
)
from system_daemon.shipped_sql import shipped_sql
from tests.integration.linkcare.schemas import run_file, schema_of


def _migration(number: int, text: str) -> Migration:
    return Migration(number=number, name=f"{number:04}_test.sql", text=text)


FIRST = _migration(1, "CREATE TABLE first (n int); INSERT INTO first VALUES (1);")
SECOND = _migration(2, "CREATE TABLE second (n int);")


def test_the_shipped_migrations_are_applied_once(database: psycopg.Connection) -> None:
    names = [each.name for each in read_migrations()]
    assert migrate(database) == names
    assert migrate(database) == []
    versions = database.execute("SELECT name FROM schema_version ORDER BY version").fetchall()
    assert [name for (name,) in versions] == names


def test_the_schema_file_makes_what_the_migrations_make(new_database: Callable[[], str]) -> None:
    migrated, by_file = new_database(), new_database()
    with psycopg.connect(migrated, autocommit=True) as connection:
        migrate(connection)
    run_file(by_file, shipped_sql("linkcare") / "schema.sql")
    assert schema_of(by_file) == schema_of(migrated)
    assert "COMMENT ON COLUMN public.task.scheduled_at" in schema_of(migrated)


PATIENT = "INSERT INTO patient_case (name) VALUES ('P') RETURNING case_id"
NOTIFICATION = (
    f"WITH p AS ({PATIENT}) INSERT INTO notification (case_id, channel, subject, body, status,"
    " due_at, queued_at, claimed_at)"
    " SELECT case_id, 'email', 'S', 'B', %s, '2026-03-15', %s, %s FROM p"
)
TASK = f"""
WITH p AS (INSERT INTO program (name) VALUES ('p') RETURNING program_id),
v AS (INSERT INTO program_version (program_id, version)
      SELECT program_id, 1 FROM p RETURNING program_version_id),
s AS (INSERT INTO subscription (program_id, name)
      SELECT program_id, 's' FROM p RETURNING subscription_id),
c AS ({PATIENT}),
a AS (INSERT INTO admission (case_id, subscription_id, program_version_id, status)
      SELECT case_id, subscription_id, program_version_id, 1 FROM c, s, v RETURNING admission_id)
INSERT INTO task (admission_id, name, status, scheduled_at, recurs_every, recurs_from)
SELECT admission_id, 't', 12, '2026-03-15', %s, '2026-03-15' FROM a
"""


@pytest.mark.parametrize("every", ["1 microsecond", "59.999999 seconds", "-1 month", "0"])
def test_a_task_comes_again_after_a_minute_at_the_earliest(
    database: psycopg.Connection, every: str
) -> None:
    migrate(database)
    with pytest.raises(psycopg.errors.CheckViolation, match="task_recurs_every_check"):
        database.execute(TASK, (every,))
    database.execute(TASK, ("1 minute",))


@pytest.mark.parametrize(
    ("status", "queued", "claimed", "check"),
    [
        (2, None, "2026-03-15", "notification_queued_at_check"),
        (3, "2026-03-15", None, "notification_claimed_at_check"),
    ],
)
def test_a_notification_that_is_on_its_way_has_a_time_at_which_it_is_lost(
    database: psycopg.Connection,
    status: int,
    queued: str | None,
    claimed: str | None,
    check: str,
) -> None:
    migrate(database)
    with pytest.raises(psycopg.errors.CheckViolation, match=check):
        database.execute(NOTIFICATION, (status, queued, claimed))
    database.execute(NOTIFICATION, (1, None, None))


def test_notifications_without_a_time_get_one_from_a_later_release(
    database: psycopg.Connection,
) -> None:
    migrate(database, read_migrations()[:2])
    for each in ((2, None, None), (3, None, None), (3, "2026-03-20", None), (4, None, None)):
        database.execute(NOTIFICATION, each)
    migrate(database)
    found = database.execute(
        "SELECT status, queued_at::date::text, claimed_at::date::text FROM notification ORDER BY 1, 2"
    ).fetchall()
    assert found == [
        (2, "2026-03-15", None),
        (3, "2026-03-20", "2026-03-20"),
        (3, None, "2026-03-15"),
        (4, None, None),
    ]


def test_a_later_release_applies_what_is_new(database: psycopg.Connection) -> None:
    assert migrate(database, [FIRST]) == ["0001_test.sql"]
    assert migrate(database, [FIRST, SECOND]) == ["0002_test.sql"]
    assert database.execute("SELECT count(*) FROM first").fetchone() == (1,)


def test_a_database_of_a_later_release_is_refused(database: psycopg.Connection) -> None:
    migrate(database, [FIRST, SECOND])
    with pytest.raises(MigrationError, match="expected a database of version 1 or older, got ver"):
        migrate(database, [FIRST])


def test_tables_of_unknown_origin_are_refused(database: psycopg.Connection) -> None:
    database.execute("CREATE TABLE first (n int)")
    with pytest.raises(MigrationError, match=r"got tables of unknown origin \(first\)"):
        migrate(database, [FIRST, SECOND])
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    assert database.execute(tables).fetchone() == (1,)


def test_a_migration_that_fails_leaves_nothing_of_itself(database: psycopg.Connection) -> None:
    broken = _migration(2, "CREATE TABLE second (n int); SELECT 1 / 0;")
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(database, [FIRST, broken])
    assert database.execute("SELECT to_regclass('second')").fetchone() == (None,)
    assert migrate(database, [FIRST, SECOND]) == ["0002_test.sql"]


def test_two_who_migrate_at_once_do_it_once(new_database: Callable[[], str]) -> None:
    url = new_database()
    with (
        psycopg.connect(url, autocommit=True) as one,
        psycopg.connect(url, autocommit=True) as other,
    ):
        slow = _migration(1, "CREATE TABLE first (n int); SELECT pg_sleep(0.2);")
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(2) as pool:
            done = [pool.submit(migrate, each, [slow]) for each in (one, other)]
            assert sorted(len(each.result()) for each in done) == [0, 1]


@pytest.mark.parametrize("names", [[], ["0002_a.sql"], ["0001_a.sql", "0003_b.sql"], ["first.sql"]])
def test_files_that_do_not_count_are_refused(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).write_text("SELECT 1;")
    with pytest.raises(MigrationError, match="expected"):
        read_migrations(tmp_path)
