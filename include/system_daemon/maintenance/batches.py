"""One batch of a statement in a transaction of its own, and the counts without any change."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, LiteralString

import psycopg
from psycopg import errors

from system_daemon.maintenance.sql_failure import (
    ConnectionLostError,
    StatementFailedError,
    failed,
    is_lost,
    lost,
    no_count,
)
from system_daemon.maintenance.sql_text import Query
from system_daemon.maintenance.statements import NOTIFICATION_IDS, Statement

_IN_THE_WAY = (
    errors.LockNotAvailable,
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.ForeignKeyViolation,
)
"""Somebody else was at the same rows; another try, or a smaller batch, gets past."""
# For this transaction only: behind PgBouncer the next one may belong to somebody else.
# A batch is small and comes in the order of an index. Where statistics are behind, PostgreSQL
# would rather read whole tables; and only a plain index scan remembers which entries are dead, so
# that the next one need not look at their rows again.
LIMITS = """
SELECT
    set_config('lock_timeout', $1, true),
    set_config('statement_timeout', $2, true),
    set_config('TimeZone', $3, true),
    set_config('enable_seqscan', 'off', true),
    set_config('enable_bitmapscan', 'off', true),
    set_config('enable_hashjoin', 'off', true),
    set_config('enable_mergejoin', 'off', true)
"""


class InTheWayError(Exception):
    """Somebody else's locks or changes stopped a batch; nothing of it was done."""


class TooSlowError(Exception):
    """``statement_timeout`` stopped a batch; nothing of it was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one batch found and did."""

    rows: int
    """Rows that were due; fewer than asked for: no more are."""
    counts: dict[str, int]
    cursor: dict[str, object]
    """Where the next batch goes on."""
    notifications: list[int] = field(repr=False)
    """Keys of notifications that somebody has to be woken for."""

    @property
    def touched(self) -> int:
        """All that was counted: rows below those that were due too."""
        return sum(self.counts.values())


@dataclass(slots=True, kw_only=True)
class Database:
    """A connection, and the rules of every transaction on it."""

    connection: psycopg.Connection
    timezone: str
    """The session's zone, by whose calendar a month is counted."""
    lock_timeout: float
    """Seconds."""
    statement_timeout: float
    """Seconds."""
    changes: int = 0
    """How many batches were begun so far."""

    def clock(self) -> datetime:
        """The database's present. Raises ConnectionLostError."""
        moment: datetime = self.ask("SELECT now()")
        return moment.astimezone(UTC)

    def ask(self, question: LiteralString) -> Any:
        """The one value of a question that looks at no row. Raises ConnectionLostError."""
        try:
            with self.connection.transaction():
                row = self.connection.execute(question).fetchone()
        except psycopg.Error as error:
            raise lost(error) from None
        return row[0] if row else None

    def change(self, statement: Statement, values: dict[str, object]) -> Batch:
        """Run one batch; it is committed when this returns.

        Raises:
            InTheWayError, TooSlowError: another try may do better.
            StatementFailedError, ConnectionLostError: none will, or only on a new connection.
        """
        self.changes += 1
        return _batch(statement, self._row(statement, statement.change, values))

    def preview(
        self, statement: Statement, values: dict[str, object], *, timeout: float | None = None
    ) -> Batch:
        """What `change` would find, with no limit but the batch's; `timeout` in seconds.

        Raises as `change` does.
        """
        first = values | dict.fromkeys(statement.cursor)
        return _batch(statement, self._row(statement, statement.preview, first, timeout))

    def _row(
        self,
        statement: Statement,
        query: Query,
        values: dict[str, object],
        timeout: float | None = None,
    ) -> dict[str, Any]:
        limits = [
            _milliseconds(self.lock_timeout),
            _milliseconds(timeout or self.statement_timeout),
            self.timezone,
        ]
        # A prepared plan could be made for other partial indexes, and PgBouncer may lose it.
        self.connection.prepare_threshold = None
        try:
            with self.connection.transaction():
                cursor = psycopg.RawCursor(self.connection)
                cursor.execute(LIMITS, limits)
                cursor.execute(query.text.encode(), query.values(values))
                row = cursor.fetchone()
                names = [each.name for each in cursor.description or ()]
        except _IN_THE_WAY:
            raise InTheWayError from None
        except errors.QueryCanceled:
            raise TooSlowError from None
        except psycopg.Error as error:
            raise self._failure(error, statement, query) from None
        return dict(zip(names, row or (), strict=False))

    def _failure(
        self, error: psycopg.Error, statement: Statement, query: Query
    ) -> ConnectionLostError | StatementFailedError:
        if is_lost(error, self.connection):
            return lost(error)
        return failed(error, statement, query.text)


def _batch(statement: Statement, row: dict[str, Any]) -> Batch:
    try:
        counts = {name: int(row[name] or 0) for name in statement.counts}
        notifications = [int(key) for key in row.get(NOTIFICATION_IDS) or ()]
    except (TypeError, ValueError):
        raise no_count(statement) from None
    return Batch(
        rows=row["due_rows"],
        counts=counts,
        cursor={name: row.get(f"next_{name}") for name in statement.cursor},
        notifications=notifications,
    )


def _milliseconds(seconds: float) -> str:
    return str(max(1, round(seconds * 1000)))
