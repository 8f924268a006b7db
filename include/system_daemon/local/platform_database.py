"""The health platform's database of the embedded stack: made, brought up to date and filled."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from system_daemon.linkcare.loading import NotEmptyError, seed
from system_daemon.linkcare.migrations import MigrationError, migrate
from system_daemon.local.failure import StackError
from system_daemon.local.generated_secrets import load
from system_daemon.local.ports import LOOPBACK
from system_daemon.local.postgres import USER
from system_daemon.local.stack_status import running

DATABASE = "linkcare"
# Enough for each maintenance task to have something to do, and written within a second.
_TASKS = 20_000


def prepare(server_url: str, url: str) -> None:
    """Create the database if it is not there, migrate it, and fill it if it is empty.

    Args:
        server_url: A database of the same server that exists.
        url: The one to prepare.

    Raises:
        StackError: it is newer than this release, or PostgreSQL refuses.
    """
    try:
        with psycopg.connect(server_url, autocommit=True) as connection:
            query = "SELECT 1 FROM pg_database WHERE datname = %s"
            if connection.execute(query, (DATABASE,)).fetchone() is None:
                name = sql.Identifier(DATABASE)
                connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        with psycopg.connect(url, autocommit=True) as connection:
            migrate(connection)
            seed(connection, _TASKS, as_of=datetime.now(UTC))
    except NotEmptyError:
        return
    except (MigrationError, psycopg.Error) as error:
        raise StackError(f"the database {DATABASE} could not be prepared: {error}") from error


def running_url(state: Path) -> str:
    """Where the database of the stack that runs on this state folder is.

    Raises:
        StackError: none runs.
    """
    record = running(state)
    if record is None:
        raise StackError(
            f"expected a running `system-daemon up` on {state}, got none; start it, or name a"
            " database with --dsn"
        )
    password = load(state).postgres_password
    return f"postgresql://{USER}:{quote(password)}@{LOOPBACK}:{record.ports['postgres']}/{DATABASE}"
