"""What a task costs the database that has nothing to do, and what each finds when it has."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import psycopg

from measuring.maintenance.contenders import PARAMETERS, PERIODIC, swept
from measuring.maintenance.server import AS_OF, LargeServer
from measuring.report import Figure, shown, table
from system_daemon.maintenance.batches import LIMITS
from system_daemon.maintenance.statements import read_statements
from system_daemon.maintenance.sweep_values import COUNTED_AT_MOST
from system_daemon.shipped_sql import shipped_sql

_TIMES = 15
# Cancels open tasks, makes tasks for SERVICE_TASKS: what others find is counted before.
_ORDER = (*[name for name in PERIODIC if name != "expired_admissions"], "expired_admissions")


def measure(server: LargeServer, *, page: Path | None) -> Iterator[list[Figure]]:
    """Every task does its work, then finds nothing, again and again; `page`: gets the plans."""
    with server.copy("idle") as url, psycopg.connect(url, autocommit=True) as connection:
        for task in (*_ORDER, "service_tasks"):
            found = swept(connection, task)
            print(f"{task}: {found.counts}, {shown(found.seconds)} s", flush=True)
        connection.execute("CREATE EXTENSION pg_stat_statements")
        yield from _figures(connection, "before VACUUM")
        connection.execute("VACUUM (ANALYZE)")
        yield from _figures(connection, "")
        if page is not None:
            page.write_text(written(connection, server.tasks), encoding="utf-8")


def _figures(connection: psycopg.Connection, when: str) -> Iterator[list[Figure]]:
    lines, worst = [], 0.0
    for task in PERIODIC:
        whole, database = [], []
        for _ in range(_TIMES):
            connection.execute("SELECT pg_stat_statements_reset()")
            began = time.monotonic()
            rows = swept(connection, task, braked=True).rows
            whole.append((time.monotonic() - began) * 1000)
            database.append(_database_ms(connection))
            if rows:
                raise AssertionError(f"expected {task} to find nothing, got {rows} rows")
        lines.append((task, shown(median(database)), shown(max(database)), shown(median(whole))))
        worst = max(worst, median(database))
    head = ("nothing to do " + when, "median ms", "max ms", "the whole sweep, median ms")
    print(table(head, lines), flush=True)
    if when:
        name, meaning = "idle_ms_max_before_vacuum", "same, right after the work"
        yield [Figure(name=name, value=worst, meaning=meaning)]
        return
    yield [
        Figure(
            name="idle_ms_max",
            value=worst,
            at_most=20,
            meaning="database time of a task with nothing to do, the slowest of seven",
        )
    ]


def _database_ms(connection: psycopg.Connection) -> float:
    """Planning and execution of all that a run sent, as PostgreSQL counts them."""
    row = connection.execute(
        "SELECT sum(total_plan_time + total_exec_time) FROM pg_stat_statements"
        " WHERE query NOT LIKE '%pg_stat_statements%'"
    ).fetchone()
    return float(row[0]) if row else 0.0


def plans(connection: psycopg.Connection, task: str) -> dict[str, list[str]]:
    """EXPLAIN ANALYZE of the looks of an idle run, with a run's settings."""
    given = PARAMETERS.get(task, {})
    found = {}
    for statement in read_statements(shipped_sql("linkcare") / f"{task}.sql", parameters=given):
        rows = COUNTED_AT_MOST if statement.report else 1
        values = {**given, "as_of": AS_OF, "batch": rows, **dict.fromkeys(statement.cursor)}
        with connection.transaction(force_rollback=True):
            cursor = psycopg.RawCursor(connection)
            cursor.execute(LIMITS, ["1s", "60s", "UTC"])
            text = f"EXPLAIN (ANALYZE, COSTS OFF, BUFFERS OFF) {statement.preview.text}"
            cursor.execute(text.encode(), statement.preview.values(values))
            found[statement.name] = [line for (line,) in cursor.fetchall()]
    return found


def written(connection: psycopg.Connection, tasks: int) -> str:
    """A page with the plans by which each task finds nothing."""
    lines = [*_PAGE.format(tasks=f"{tasks:,}").splitlines()]
    for task in PERIODIC:
        lines += ["", f"## {task.upper()}"]
        for name, plan in plans(connection, task).items():
            lines += ["", f"`{name}`", "", "```", *_of_due(plan), "```"]
    return "\n".join([*lines, ""])


def _of_due(plan: list[str]) -> list[str]:
    """The part that looks for rows, and the times of the whole."""
    start = next(number for number, line in enumerate(plan) if line.strip() == "CTE due") + 1
    depth = len(plan[start]) - len(plan[start].lstrip())
    end = start + 1
    while len(plan[end]) - len(plan[end].lstrip()) > depth:
        end += 1
    return [line[depth:] for line in plan[start:end]] + plan[-2:]


_PAGE = """# How a task finds that there is nothing to do

Most runs find nothing. Below is what PostgreSQL does then, for each statement of the seven periodic
tasks, on the reference database with {tasks} tasks after all of them have done their work: the
part that looks for rows (`due`), and the times of the whole statement in milliseconds. Written by
`bench/maintenance.py --only idle --plans docs/maintenance-plans.md`."""
