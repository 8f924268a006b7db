"""`up`, `down` and `status`: the embedded stack from a terminal."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from system_daemon.cli import screen
from system_daemon.cli.background import start_in_background
from system_daemon.cli.foreground import run_in_foreground
from system_daemon.local import stopping
from system_daemon.local.failure import StackError
from system_daemon.local.locations import default_state, project_root
from system_daemon.local.processes import stop as stop_process
from system_daemon.local.stack import StackOptions
from system_daemon.local.stack_record import read_record, remove_record
from system_daemon.local.stack_status import stack_status

# The supervisor stops everything before it ends: this is how long it may take, in seconds.
_DOWN_SECONDS = 60.0

StateOption = Annotated[
    Path | None,
    typer.Option("--state", help="Folder of data and logs.", show_default=".system-daemon"),
]


def up(
    *,
    detach: Annotated[bool, typer.Option("--detach", help="Run in the background.")] = False,
    state: StateOption = None,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Port of the UI.", show_default="8080 or a free one"),
    ] = None,
    demo: Annotated[bool, typer.Option("--demo/--no-demo", help="Run the demo platform.")] = True,
    supervised: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Start PostgreSQL, Redis, the demo platform and Airflow, and show where they are."""
    try:
        options = _options(state, port=port, demo=demo)
        if detach:
            code = start_in_background(options)
        else:
            # `--supervised` is how `--detach` starts it: the one who asked shows the screen.
            code = run_in_foreground(options, show=not supervised)
    except StackError as error:
        screen.error(str(error))
        code = 1
    raise typer.Exit(code)


def down(state: StateOption = None) -> None:
    """Stop what `up` started; fine when nothing runs."""
    try:
        folder = _options(state).state
    except StackError as error:
        screen.error(str(error))
        raise typer.Exit(1) from error
    record = read_record(folder)
    if record is None:
        screen.line(f"Nothing runs on {folder}.")
        return
    stop_process(record.supervisor, grace=_DOWN_SECONDS)
    # What a killed supervisor left is stopped by its recorded processes.
    stopping.stop_all(record.processes)
    remove_record(folder)
    screen.line(f"Stopped what ran on {folder}; its data stays there.")


def status(
    *,
    state: StateOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Tell how each component and each DAG is; exit code 1 when nothing runs."""
    try:
        found = stack_status(_options(state).state)
    except StackError as error:
        screen.error(str(error))
        raise typer.Exit(1) from error
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=2))
    else:
        screen.status(found)
    if found.url is None:
        raise typer.Exit(1)


def _options(state: Path | None, *, port: int | None = None, demo: bool = True) -> StackOptions:
    project = project_root()
    folder = default_state(project) if state is None else state
    return StackOptions(project=project, state=folder.absolute(), port=port, demo=demo)
