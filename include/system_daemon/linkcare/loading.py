"""Rows into an empty database as fast as it takes them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime

import psycopg
from psycopg import sql

from system_daemon.linkcare.expected import Expected
from system_daemon.linkcare.population import populate
from system_daemon.linkcare.rows import COLUMNS

# Chunks that wait for the server while the next one is made.
_AHEAD = 4
_FOREIGN_KEYS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
  FROM pg_constraint
 WHERE contype = 'f' AND connamespace = current_schema()::regnamespace
 ORDER BY conrelid::regclass::text, conname
"""
_INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid),
       obj_description(indexrelid, 'pg_class')
  FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
 WHERE relnamespace = current_schema()::regnamespace
   AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
 ORDER BY indrelid, indexrelid
"""


class NotEmptyError(Exception):
    """The database holds rows already; nothing was changed."""


def seed(
    connection: psycopg.Connection, tasks: int, *, as_of: datetime, number: int = 1
) -> Expected:
    """Fill an empty database of the reference schema: all of it, or nothing.

    Args:
        connection: Open, and not in a transaction.
        tasks: How many tasks.
        as_of: The moment around which everything is laid.
        number: Another number makes another population.

    Raises:
        NotEmptyError: it holds rows.
        ValueError: too few tasks.
        psycopg.Error: whatever PostgreSQL says.
    """
    with connection.transaction():
        _refuse_rows(connection)
        # Indexes and checks of what is there as a whole cost a fraction of those row by row.
        with _set_aside(connection):
            expected = _copy(connection, tasks, number, as_of)
        _continue_keys(connection)
    connection.execute("ANALYZE")
    if not connection.autocommit:
        connection.commit()
    return expected


def _refuse_rows(connection: psycopg.Connection) -> None:
    for table in COLUMNS:
        query = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(table))
        row = connection.execute(query).fetchone()
        if row is not None and row[0]:
            raise NotEmptyError(
                f"expected an empty database, got rows in the table {table}; nothing was changed."
                " Name another database, or drop this one and begin with `system-daemon db init`"
            )


@contextmanager
def _set_aside(connection: psycopg.Connection) -> Iterator[None]:
    """Without foreign keys and secondary indexes while the block runs."""
    foreign_keys = connection.execute(_FOREIGN_KEYS).fetchall()
    indexes = connection.execute(_INDEXES).fetchall()
    for table, name, _ in foreign_keys:
        connection.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"'.encode())
    for name, *_ in indexes:
        connection.execute(f"DROP INDEX {name}".encode())
    yield
    connection.execute("SET LOCAL maintenance_work_mem = '256MB'")
    for name, definition, comment in indexes:
        connection.execute(definition.encode())
        if comment is not None:
            words = sql.SQL("COMMENT ON INDEX {} IS {}").format(sql.SQL(name), sql.Literal(comment))
            connection.execute(words)
    for table, name, definition in foreign_keys:
        connection.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}'.encode())


def _copy(connection: psycopg.Connection, tasks: int, number: int, as_of: datetime) -> Expected:
    # What is truncated and filled in one transaction can be written as if it were old: later
    # nobody has to read it once more to mark it as committed.
    tables = sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
    connection.execute(sql.SQL("TRUNCATE {}").format(tables))
    with ThreadPoolExecutor(1) as sender:
        sent: list[Future[None]] = []

        def write(table: str, lines: list[str]) -> None:
            sent.append(sender.submit(_send, connection, table, lines))
            if len(sent) > _AHEAD:
                sent.pop(0).result()

        expected = populate(tasks, number=number, as_of=as_of, write=write)
        for each in sent:
            each.result()
    return expected


def _send(connection: psycopg.Connection, table: str, lines: list[str]) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, COLUMNS[table]))
    command = sql.SQL("COPY {} ({}) FROM STDIN (FREEZE)").format(sql.Identifier(table), columns)
    with connection.cursor() as cursor, cursor.copy(command) as copy:
        copy.write("\n".join([*lines, ""]))


def _continue_keys(connection: psycopg.Connection) -> None:
    """The next key that PostgreSQL gives is one that nobody has."""
    for table, (key, *_) in COLUMNS.items():
        if table == "session_value":
            continue
        query = "SELECT setval(pg_get_serial_sequence({0}, {1}), max({2})) FROM {3}"
        connection.execute(
            sql.SQL(query).format(
                sql.Literal(table), sql.Literal(key), sql.Identifier(key), sql.Identifier(table)
            )
        )
