"""`env`: the secrets of a cluster, made once."""

from __future__ import annotations

import typer

from system_daemon.cli.terminal import complain, say
from system_daemon.local.env_file import write_env_file
from system_daemon.local.failure import StackError
from system_daemon.local.locations import project_root


def env() -> None:
    """Write the .env of docker-compose.yaml with fresh secrets; refuses where there is one."""
    try:
        written = write_env_file(project_root())
    except StackError as error:
        complain(str(error))
        raise typer.Exit(1) from None
    say(f"Written to {written}, for you alone: mode 0600.")
