"""`db`: the reference database, made and filled with believable data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import psycopg
import typer

from system_daemon.cli.options import JsonOption
from system_daemon.cli.terminal import complain, say
from system_daemon.linkcare.loading import NotEmptyError, seed
from system_daemon.linkcare.migrations import MigrationError, migrate
from system_daemon.linkcare.population import FEWEST_TASKS
from system_daemon.local.failure import StackError
from system_daemon.local.locations import default_state, project_root
from system_daemon.local.platform_database import running_url

app = typer.Typer(help="The reference database of the maintenance tasks.", no_args_is_help=True)
DsnOption = Annotated[
    str | None,
    typer.Option(
        "--dsn",
        help="The database: postgresql://...",
        envvar="AIRFLOW_CONN_SYSTEM_DAEMON_POSTGRES",
        show_envvar=True,
        show_default="the one of the running `system-daemon up`",
    ),
]
_LARGEST = 1_000_000_000


@app.command()
def init(dsn: DsnOption = None) -> None:
    """Create the reference schema, or bring it up to date."""
    with _connected(dsn) as connection:
        done = migrate(connection)
    for name in done:
        say(f"Applied {name}.")
    if not done:
        say("The schema is up to date.")


@app.command("seed")
def fill(
    *,
    tasks: Annotated[
        int, typer.Option(min=FEWEST_TASKS, max=_LARGEST, help="How many tasks.")
    ] = 20_000,
    number: Annotated[int, typer.Option(help="Another number makes another population.")] = 1,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            "--as-of",
            formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"],
            help="The moment around which the data is laid, such as 2026-11-22T10:00+00:00.",
            show_default="now",
        ),
    ] = None,
    dsn: DsnOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fill the empty reference schema; tell how many rows each maintenance task has to act on."""
    moment = as_of or datetime.now(UTC)
    with _connected(dsn) as connection:
        expected = seed(connection, tasks, as_of=moment, number=number)
    if as_json:
        found = {"as_of": moment.isoformat(timespec="minutes"), "expected": asdict(expected)}
        typer.echo(json.dumps(found, indent=2))
        return
    say(f"{tasks:,} tasks as of {moment.isoformat(timespec='minutes')}. Rows to act on:")
    for name, count in expected.rows():
        say(f"  {name:<28}{count:>12,}")


@contextmanager
def _connected(dsn: str | None) -> Iterator[psycopg.Connection]:
    """A connection; exit code 1 and a sentence where something does not fit."""
    if dsn is not None and not dsn.startswith(("postgresql://", "postgres://")):
        complain("expected --dsn to be a URL such as postgresql://user:password@localhost/linkcare")
        raise typer.Exit(2)
    try:
        url = dsn or running_url(default_state(project_root()))
        with psycopg.connect(url, autocommit=True) as connection:
            yield connection
    except (StackError, MigrationError, NotEmptyError) as error:
        complain(str(error))
        raise typer.Exit(1) from error
    except psycopg.errors.UndefinedTable as error:
        complain("expected the reference schema, got none; run `system-daemon db init` first")
        raise typer.Exit(1) from error
    except psycopg.OperationalError as error:
        # psycopg's sentence may hold the user's name and address, but never the password.
        complain(f"PostgreSQL does not answer: {str(error).strip().splitlines()[0]}")
        raise typer.Exit(1) from error
