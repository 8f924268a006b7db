"""`services`: what every configured service will do, in words, and when next."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.text import Text

from system_daemon.cli.options import ConfigOption, JsonOption
from system_daemon.cli.outlook import Outlook, outlook
from system_daemon.cli.problem_lines import counted, has_errors
from system_daemon.cli.terminal import complain, say
from system_daemon.configuration.loading import load


def services(
    *,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    now: Annotated[
        datetime | None, typer.Option(hidden=True, formats=["%Y-%m-%dT%H:%M:%S%z"])
    ] = None,
) -> None:
    """Tell what each service will do and when next; exit code 1 where entries were refused."""
    found = load(config)
    at = now or datetime.now(UTC)
    outlooks = [outlook(service, found.settings, now=at) for service in found.services]
    if as_json:
        typer.echo(json.dumps({"services": [asdict(each) for each in outlooks]}, indent=2))
    else:
        _show(outlooks)
    if not has_errors(found.problems):
        return
    refused = len(found.rejected) + len(found.unreadable)
    complain(f"{counted(refused, 'error')}: `system-daemon check` tells where and what to do.")
    raise typer.Exit(1)


def _show(outlooks: list[Outlook]) -> None:
    for each in outlooks:
        say(Text.assemble((each.name, "bold"), f" ({each.dag_id})"))
        say(f"  POST to {each.endpoint}")
        say(f"  {each.words}")
        say(f"  Next: {each.next_in_words}")
    if not outlooks:
        say("No service is configured.")
