"""What PostgreSQL answers when it refuses a statement, as one sentence without a row's content.

The DETAIL and CONTEXT of an error hold values of rows, and so may its message: of a message only
that of class 42 is told, which speaks of the statement's own text.
"""

from __future__ import annotations

import psycopg

from system_daemon.maintenance.statements import Statement
from system_daemon.maintenance.sweep_values import Swept

_ABOUT_THE_TEXT = "42"


class SweepError(Exception):
    """A run ended early; what was committed stays."""

    swept: Swept | None = None
    """What was done before."""


class StatementFailedError(SweepError):
    """A statement cannot be run as it is written, or as it is allowed; trying again is no help."""


class LockedOutError(SweepError):
    """Somebody holds a lock on a whole table; a later try may do better."""


class ConnectionLostError(SweepError):
    """The database cannot be reached any more; what was committed stays, a new try goes on."""


def is_lost(error: psycopg.Error, connection: psycopg.Connection) -> bool:
    """Whether the connection is gone, so that a new one may do better."""
    return connection.closed or (error.sqlstate or "").startswith(("08", "57P", "53"))


def lost(error: psycopg.Error) -> ConnectionLostError:
    """The sentence about a connection that is gone."""
    return ConnectionLostError(
        f"expected PostgreSQL to answer, got {_kind(error)}; what was committed stays, and the"
        " next try goes on"
    )


def failed(error: psycopg.Error, statement: Statement, text: str) -> StatementFailedError:
    """The sentence about a refused statement.

    Args:
        error: as psycopg raised it.
        statement: the statement.
        text: what was sent of it; its lines are those of the file.
    """
    position = error.diag.statement_position
    line = statement.line + (text.count("\n", 0, int(position)) if position else 0)
    code = error.sqlstate or ""
    if code.startswith(_ABOUT_THE_TEXT):
        what = f"{error.diag.message_primary} ({code})"
    else:
        names = (error.diag.table_name, error.diag.column_name, error.diag.constraint_name)
        about = ", ".join(name for name in names if name)
        what = _kind(error) + (f" about {about}" if about else "")
    return StatementFailedError(
        f"{statement.file} line {line} ({statement.name}): expected a statement that PostgreSQL"
        f" can run, got {what}; correct the file, or the rows that it meets"
    )


def no_count(statement: Statement) -> StatementFailedError:
    """The sentence about a statement whose columns are no numbers."""
    return StatementFailedError(
        f"{statement.file} line {statement.line} ({statement.name}): expected whole numbers in"
        f" {', '.join(statement.counts)}, and keys in notification_ids where it has them, got"
        " something else"
    )


def too_slow(statement: Statement, seconds: float) -> StatementFailedError:
    """The sentence about a statement that was stopped by ``statement_timeout``."""
    return StatementFailedError(
        f"{statement.file} line {statement.line} ({statement.name}): expected an answer within"
        f" statement_timeout, {seconds:g} s, got none, not even for the smallest batch; give due an"
        " index, or raise statement_timeout"
    )


def locked_out(statement: Statement, seconds: float) -> LockedOutError:
    """The sentence about rows that could not even be counted."""
    return LockedOutError(
        f"{statement.file} line {statement.line} ({statement.name}): expected to count rows, got a"
        f" lock on the whole table, held for longer than lock_timeout, {seconds:g} s; end the"
        " session that holds it, or wait for it"
    )


def _kind(error: psycopg.Error) -> str:
    return f"{type(error).__name__} ({error.sqlstate or 'no SQLSTATE'})"
