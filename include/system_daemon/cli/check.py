"""`check`: every problem of the configuration at once."""

from __future__ import annotations

import json
from dataclasses import asdict

import typer

from system_daemon.cli.options import ConfigOption, JsonOption
from system_daemon.cli.problem_lines import has_errors, problem_lines, tally, validity
from system_daemon.cli.terminal import say
from system_daemon.configuration.loading import Configuration, load


def check(*, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Tell what is wrong with the configuration; exit code 1 for errors, 0 for warnings."""
    found = load(config)
    if as_json:
        typer.echo(json.dumps(_as_json(found), indent=2))
    else:
        for line in problem_lines(found.problems):
            say(line)
        say(f"{tally(found.problems)}; {validity(len(found.services))}")
    raise typer.Exit(int(has_errors(found.problems)))


def _as_json(found: Configuration) -> dict[str, object]:
    return {
        "services": [
            {"name": service.name, "dag_id": service.dag_id} for service in found.services
        ],
        "queues": [{"name": queue.name, "dag_id": queue.dag_id} for queue in found.jobs.queues],
        "problems": [asdict(problem) for problem in found.problems],
    }
