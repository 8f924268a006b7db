"""`check`: every problem of the configuration at once."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import asdict
from typing import Annotated

import typer

from system_daemon.cli.namespace_check import namespace_problems
from system_daemon.cli.options import ConfigOption, JsonOption
from system_daemon.cli.problem_lines import has_errors, problem_lines, tally, validity
from system_daemon.cli.terminal import say
from system_daemon.configuration.loading import Configuration, load
from system_daemon.configuration.problems import Problem
from system_daemon.deployment.component import Component
from system_daemon.maintenance.sql_problems import sql_problems

ComponentOption = Annotated[
    Component | None,
    typer.Option(
        "--component",
        help="With --deployment: whose environment this is, where each has its own secrets.",
    ),
]
DeploymentOption = Annotated[
    bool,
    typer.Option(
        "--deployment",
        help="Ask the servers, the pool and the keys of this component's environment too.",
    ),
]


def check(
    *,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    deployment: DeploymentOption = False,
    component: ComponentOption = None,
) -> None:
    """Tell what is wrong with the configuration; exit code 1 for errors, 0 for warnings."""
    if component is not None and not deployment:
        raise typer.BadParameter("expected it together with --deployment, got it alone")
    found = load(config)
    around = (
        _deployment_problems(found, component) if deployment else namespace_problems(found.jobs)
    )
    problems = (
        *found.problems,
        *around,
        *sql_problems(found.maintenance_tasks),
    )
    if as_json:
        typer.echo(json.dumps(_as_json(found, problems), indent=2))
    else:
        for line in problem_lines(problems):
            say(line)
        if found.maintenance_tasks and not deployment:
            say(
                f'The maintenance tasks need the Airflow pool "{found.maintenance.pool}";'
                " --deployment looks whether it is there."
            )
        say("; ".join((tally(problems), *_valid(found))))
    raise typer.Exit(int(has_errors(problems)))


def _valid(found: Configuration) -> Iterator[str]:
    yield validity(len(found.services))
    if found.maintenance_tasks:
        yield validity(len(found.maintenance_tasks), "maintenance task")


def _deployment_problems(found: Configuration, component: Component | None) -> tuple[Problem, ...]:
    # What Airflow logs, it logs to standard output, which may be read by a program.
    with redirect_stdout(sys.stderr):
        # It takes seconds to import, which nobody waits for who checks a file.
        from system_daemon.deployment.readiness import deployment_problems  # noqa: PLC0415

        return deployment_problems(found, component)


def _as_json(found: Configuration, problems: tuple[Problem, ...]) -> dict[str, object]:
    return {
        "services": [
            {"name": service.name, "dag_id": service.dag_id} for service in found.services
        ],
        "queues": [{"name": queue.name, "dag_id": queue.dag_id} for queue in found.jobs.queues],
        "maintenance": [
            {"name": task.name, "dag_id": task.dag_id} for task in found.maintenance_tasks
        ],
        "problems": [asdict(problem) for problem in problems],
    }
