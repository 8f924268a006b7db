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
