"""Runs that fell due, and what must hold of them: one run for each, one request for each run."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import psycopg
from psycopg.rows import class_row

from tests.cluster.cluster import Cluster
from tests.experiments.findings import Findings

INTERVALS = {"on_success": 2, "on_idle": 3, "on_error": 4, "on_timeout": 5}
RESTARTED = "the triggerer restarted during the call"
_UNSURE_S = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class DueRun:
    """A run that fell due; moments in seconds since 1970."""

    dag_id: str
    run_id: str
    due: float
    started: float | None
    ended: float | None
    attempt: str
    outcome: str | None
    message: str | None


def due_runs(cluster: Cluster, dags: str) -> list[DueRun]:
    """All runs of these DAGs, a LIKE pattern, by their due times."""
    with psycopg.connect(cluster.database_url, row_factory=class_row(DueRun)) as connection:
        return connection.execute(_RUNS, (dags,)).fetchall()


def as_planned(runs: Sequence[DueRun], interval: Callable[[DueRun], float]) -> list[DueRun]:
    """The same runs with the due times of their plan.

    A run that is created late is due at its creation: what is measured from there looks too good.

    Args:
        runs: of one or more services, in order.
        interval: seconds from the end of a run to the next due time.
    """
    planned: dict[str, float] = {}
    found = []
    for run in runs:
        found.append(replace(run, due=planned.get(run.dag_id, run.due)))
        if run.ended is not None:
            planned[run.dag_id] = run.ended + interval(run)
    return found


def interval(run: DueRun) -> float:
    """As `INTERVALS` says; a run that was ended from outside left no outcome: an error."""
    return INTERVALS[f"on_{run.outcome or 'error'}"]


def ended_after(runs: Sequence[DueRun], moment: float) -> list[DueRun]:
    return [each for each in runs if each.due > moment and each.ended is not None]


def once_each(findings: Findings, runs: list[DueRun], requests: Counter[str]) -> int:
    """One request a run, or none where its triggerer died; each due by the run before it."""
    double = no_due_time_twice(findings, runs)
    chains: dict[str, list[DueRun]] = defaultdict(list)
    for run in runs:
        chains[run.dag_id].append(run)
        sent, cut_off = requests[run.attempt], RESTARTED in (run.message or "")
        findings.expect(
            that=sent == 1 or (cut_off and not sent),
            otherwise=f"{run.dag_id} {run.run_id}: {sent} requests, {run.message}",
        )
        double += max(0, sent - 1)
    for chain in chains.values():
        for earlier, later in pairwise(chain):
            assert earlier.ended is not None
            early = earlier.ended + interval(earlier) - later.due
            findings.expect(
                that=early < _UNSURE_S,
                otherwise=f"{later.dag_id}: {later.run_id} is due {early:.2f} s before its plan",
            )
    return double


def no_due_time_twice(findings: Findings, runs: list[DueRun]) -> int:
    again = [each for each, times in Counter((r.dag_id, r.due) for r in runs).items() if times > 1]
    findings.expect(that=not again, otherwise=f"due times with two runs: {again[:3]}")
    return len(again)


_RUNS = """
SELECT run.dag_id, run.run_id, extract(epoch FROM run.run_after)::float8 AS due,
       extract(epoch FROM task.start_date)::float8 AS started,
       extract(epoch FROM run.end_date)::float8 AS ended,
       task.id || ':' || task.try_number AS attempt,
       (SELECT trim('"' FROM value #>> '{}') FROM xcom
         WHERE dag_run_id = run.id AND key = 'outcome' LIMIT 1) AS outcome,
       (SELECT trim('"' FROM value #>> '{}') FROM xcom
         WHERE dag_run_id = run.id AND key = 'message' LIMIT 1) AS message
  FROM dag_run AS run JOIN task_instance AS task USING (dag_id, run_id)
 WHERE run.dag_id LIKE %s AND run.run_type = 'scheduled'
 ORDER BY run.id
"""
