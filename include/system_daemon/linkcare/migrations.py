"""The reference schema, brought up to date one numbered SQL file at a time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from system_daemon.shipped_sql import shipped_sql

_FILE = re.compile(r"(?P<number>[0-9]{4})_(?P<name>[a-z0-9_]+)\.sql")
_TABLE = re.compile(r"^CREATE TABLE ([a-z_]+)", re.MULTILINE)
# "LINK", so that two who migrate the same database at the same moment do it one after the other.
_LOCK = 0x4C494E4B
_VERSIONS = """
CREATE TABLE schema_version (
    version integer PRIMARY KEY,
    name text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE schema_version IS 'The migrations that made this schema';
COMMENT ON COLUMN schema_version.version IS 'The number of the migration''s file';
COMMENT ON COLUMN schema_version.name IS 'The name of the migration''s file';
COMMENT ON COLUMN schema_version.applied_at IS 'When it was applied';
"""


class MigrationError(Exception):
    """The database or the files do not fit; the sentence says how, and nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step from the version before to this one."""

    number: int
    name: str
    """The file's name."""
    text: str


def read_migrations(folder: Path | None = None) -> tuple[Migration, ...]:
    """The migrations in a folder (None: the shipped ones), in order.

    Raises:
        MigrationError: a file is named otherwise, or a number is missing or there twice.
    """
    folder = shipped_sql("linkcare") / "migrations" if folder is None else folder
    found = [_read(file) for file in sorted(folder.glob("*.sql"))]
    numbers = [each.number for each in found]
    if not found or numbers != list(range(1, len(found) + 1)):
        raise MigrationError(
            f"expected migrations numbered 0001, 0002 ... in {folder},"
            f" got {', '.join(each.name for each in found) or 'none'}"
        )
    return tuple(found)


def migrate(
    connection: psycopg.Connection, migrations: Sequence[Migration] | None = None
) -> list[str]:
    """Apply what is missing, each migration in a transaction of its own; their names.

    The connection must not be in a transaction.

    Raises:
        MigrationError: the database is newer than the files, or has tables of unknown origin.
        psycopg.Error: a migration failed; those before it are applied.
    """
    wanted = read_migrations() if migrations is None else migrations
    done: list[str] = []
    for migration in wanted:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            if migration.number > _version(connection, wanted):
                # Without parameters psycopg sends the text as it is, all statements at once.
                connection.execute(migration.text.encode())
                connection.execute(
                    "INSERT INTO schema_version (version, name) VALUES (%s, %s)",
                    (migration.number, migration.name),
                )
                done.append(migration.name)
    return done


def _version(connection: psycopg.Connection, wanted: Sequence[Migration]) -> int:
    """How far the database is; makes the table that tells it."""
    if _is_there(connection, "schema_version"):
        row = connection.execute("SELECT coalesce(max(version), 0) FROM schema_version").fetchone()
        version = int(row[0]) if row else 0
        if version > len(wanted):
            raise MigrationError(
                f"expected a database of version {len(wanted)} or older, got version {version}:"
                " it was made by a newer release; install that one"
            )
        return version
    ours = {table for each in wanted for table in _TABLE.findall(each.text)}
    if unknown := sorted(table for table in ours if _is_there(connection, table)):
        raise MigrationError(
            "expected an empty database or one made by `system-daemon db init`, got tables of"
            f" unknown origin ({', '.join(unknown)}); name another database"
        )
    connection.execute(_VERSIONS)
    return 0


def _is_there(connection: psycopg.Connection, table: str) -> bool:
    row = connection.execute("SELECT to_regclass(%s)", (table,)).fetchone()
    return row is not None and row[0] is not None


def _read(file: Path) -> Migration:
    match = _FILE.fullmatch(file.name)
    if match is None:
        raise MigrationError(
            f"expected a name such as 0001_tables.sql in {file.parent}, got {file.name}"
        )
    return Migration(
        number=int(match["number"]), name=file.name, text=file.read_text(encoding="utf-8")
    )
