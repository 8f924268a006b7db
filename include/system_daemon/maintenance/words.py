"""What a maintenance task does, in words: for the UI's documentation tab and for the terminal."""

from __future__ import annotations

from system_daemon.configuration.maintenance import Maintenance
from system_daemon.configuration.maintenance_tasks import MaintenanceTask
from system_daemon.maintenance.plan import schedule
from system_daemon.schedule.daily import Daily
from system_daemon.schedule.every import Every
from system_daemon.schedule.words import duration, in_words

ON_DEMAND = "only when a job or a person asks for it"


def when(task: MaintenanceTask) -> str:
    """Its schedule as half a sentence."""
    plan = schedule(task)
    return ON_DEMAND if plan is None else in_words(plan)


def bounds(task: MaintenanceTask) -> str:
    """What keeps a run small, in sentences."""
    return (
        f"Batches of {task.batch_size:,} rows, each a short transaction; a run ends after"
        f" {task.max_rows:,} rows or {duration(task.deadline)}, and the next one goes on."
    )


def brake(task: MaintenanceTask) -> str:
    """When the task stops before its first change; empty for one that is not destructive."""
    if task.brake is None:
        return ""
    limits = []
    if task.brake.max_rows is not None:
        limits.append(f"{task.brake.max_rows:,} rows")
    if task.brake.times_median is not None:
        limits.append(f"{task.brake.times_median:g} times the median of its last 30 runs")
    if not limits:
        return "No brake: a run may touch any number of rows."
    return f"A run that would touch more than {' or '.join(limits)} fails before its first change."


def documentation(task: MaintenanceTask, maintenance: Maintenance) -> str:
    """The page behind the DAG's documentation button, in Markdown."""
    braked = (
        f" {brake(task)} Look at what it found, then trigger the DAG with `allow_more`."
        if task.brake
        else ""
    )
    return f"""\
{task.description}

**What it does.** Runs the statements of `{task.sql_file.name}` on the PostgreSQL of the Airflow
connection `{maintenance.connection}`. {bounds(task)} Rows that somebody else has locked are left
for the next run.

**When.** Runs {when(task)}. {_late(task)}

**By hand.** Trigger it with `dry_run` to see what a run would do: the same counts, and nothing is
changed. `as_of` makes it act as of another moment; a backfill run acts as of its own date.

**How a run ends.** Green: done, or nothing was to do (XCom `outcome` is `idle`); XCom `counts` has
the rows.{braked}

**When it is red.** The last line of the log says why. A lost connection is tried again twice, and
the next run completes what was left. Runs that stay queued: the pool `{maintenance.pool}` is full,
or does not exist (Admin, Pools).

Configured in `maintenance.json` under the name `{task.name}`.
"""


def _late(task: MaintenanceTask) -> str:
    match schedule(task):
        case Daily():
            late = duration(task.missed_run_grace)
            return (
                f"A run that was missed starts up to {late} late, else it waits for the next day."
            )
        case Every():
            return "Runs that fall due while one is at work become one, right after it."
        case None:
            return "Its trigger form asks for what it needs."
