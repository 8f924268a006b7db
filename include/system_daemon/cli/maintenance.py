"""`maintenance`: what every maintenance task will do, in words, and when next."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated, assert_never

import typer
from rich.text import Text

from system_daemon.cli.due_times import due_times, told
from system_daemon.cli.options import ConfigOption, JsonOption
from system_daemon.cli.problem_lines import counted
from system_daemon.cli.terminal import complain, say
from system_daemon.configuration.loading import MAINTENANCE_FILE, load
from system_daemon.configuration.maintenance_tasks import MaintenanceTask
from system_daemon.configuration.problems import Severity
from system_daemon.maintenance.plan import schedule
from system_daemon.maintenance.sql_problems import sql_problems
from system_daemon.maintenance.words import ON_DEMAND, bounds, brake, when
from system_daemon.schedule.daily import Daily
from system_daemon.schedule.every import Every
from system_daemon.schedule.words import in_words


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceOutlook:
    """One task for the list."""

    name: str
    dag_id: str
    sql: str
    """The file of its statements."""
    words: str
    """When it runs, and what keeps a run small."""
    next_due: tuple[str, ...]
    """The next due times in the plan's zone, in ISO 8601; only for a daily task."""
    next_in_words: str
    """The same for people."""


def maintenance(
    *,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    now: Annotated[
        datetime | None, typer.Option(hidden=True, formats=["%Y-%m-%dT%H:%M:%S%z"])
    ] = None,
) -> None:
    """Tell what each maintenance task will do and when next; exit code 1 where one was refused."""
    found = load(config)
    at = now or datetime.now(UTC)
    outlooks = [outlook(task, now=at) for task in found.maintenance_tasks]
    if as_json:
        typer.echo(json.dumps({"maintenance": [asdict(each) for each in outlooks]}, indent=2))
    else:
        _show(outlooks)
    problems = (*found.problems, *sql_problems(found.maintenance_tasks))
    refused = sum(
        problem.severity is Severity.ERROR and problem.file == MAINTENANCE_FILE
        for problem in problems
    )
    if refused:
        complain(f"{counted(refused, 'error')}: `system-daemon check` tells where and what to do.")
        raise typer.Exit(1)


def outlook(task: MaintenanceTask, *, now: datetime) -> MaintenanceOutlook:
    """What the task will do after ``now``, as though it had never run and is not paused."""
    plan = schedule(task)
    due: list[datetime] = []
    match plan:
        case Daily():
            due = due_times(plan, now)
            expected = told(plan, due)
        case Every():
            expected = f"at once, then {in_words(plan)}, start to start"
        case None:
            expected = ON_DEMAND
        case _:
            assert_never(plan)
    return MaintenanceOutlook(
        name=task.name,
        dag_id=task.dag_id,
        sql=str(task.sql_file),
        words=f"Runs {when(task)}. {bounds(task)} {brake(task)}".rstrip(),
        next_due=tuple(time.isoformat() for time in due),
        next_in_words=expected,
    )


def _show(outlooks: list[MaintenanceOutlook]) -> None:
    for each in outlooks:
        say(Text.assemble((each.name, "bold"), f" ({each.dag_id})"))
        say(f"  {each.sql}")
        say(f"  {each.words}")
        say(f"  Next: {each.next_in_words}")
    if not outlooks:
        say("No maintenance task is configured.")
