"""The scheduler is killed while services run: no due time twice, none lost beyond the downtime."""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import psycopg
from psycopg.rows import class_row

from system_daemon.local.demo_answers import Answer
from system_daemon.local.demo_client import DemoClient
from tests.deployment import Deployment
from tests.e2e.services import service
from tests.experiments.findings import Findings, key
from tests.waiting import wait_until

_INTERVALS = {"on_success": 2, "on_idle": 3, "on_error": 4, "on_timeout": 5}
_CODES = ("success", "idle", "error")
_ALLOWED_S = 15.0
"""How late a run may start on a busy machine before its due time counts as lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    dag_id: str
    run_id: str
    run_after: datetime
    attempt: str
    started: datetime
    ended: datetime
    outcome: str | None


@dataclass(frozen=True, slots=True)
class _Downtime:
    began: float
    over: float


def kill_the_scheduler(
    airflow: Deployment, demo: DemoClient, *, kills: int, services: int, seed: int
) -> Findings:
    """Kill it at moments that chance chooses, start it again, and look at every run afterwards."""
    findings = Findings(
        experiment=f"scheduler killed (kill -9) while {services} services run", unit="kills"
    )
    chance = random.Random(seed)
    names = [f"steady_{number:02}" for number in range(services)]
    for name in names:
        demo.script(name, [Answer(code=code, delay=0.3) for code in _CODES], repeat=True)
    airflow.configure([service(name, intervals=_INTERVALS) for name in names])
    wait_until(
        lambda: len({call.service for call in demo.calls()} & set(names)) == services,
        timeout=90,
        description="the first call of every service",
    )
    downtimes = []
    for _ in range(kills):
        _more_calls(demo, chance.randint(services, services * 3))
        began = time.time()
        airflow.kill("scheduler")
        airflow.start("scheduler")
        wait_until(
            lambda began=began: _starts_since(airflow, began),
            timeout=90,
            description="the first start after the scheduler came back",
        )
        downtimes.append(_Downtime(began, time.time()))
        findings.count += 1
        findings.recovery.append(downtimes[-1].over - began)
    _more_calls(demo, services * 2)
    airflow.configure([])
    _judge(findings, _ended_runs(airflow), demo, downtimes)
    return findings


def _more_calls(demo: DemoClient, number: int) -> None:
    seen = len(demo.calls())
    wait_until(
        lambda: len(demo.calls()) >= seen + number, timeout=120, description=f"{number} more calls"
    )


def _starts_since(airflow: Deployment, moment: float) -> int:
    with psycopg.connect(airflow.database_url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM task_instance WHERE start_date > to_timestamp(%s)"
            " AND dag_id LIKE 'service\\_\\_steady%%'",
            (moment,),
        ).fetchone()
    return int(row[0]) if row else 0


def _ended_runs(airflow: Deployment) -> list[_Ended]:
    with psycopg.connect(airflow.database_url, row_factory=class_row(_Ended)) as connection:
        return connection.execute(_ENDED).fetchall()


def _judge(
    findings: Findings, runs: list[_Ended], demo: DemoClient, downtimes: list[_Downtime]
) -> None:
    requests = Counter(key(call) for call in demo.calls())
    by_service: dict[str, list[_Ended]] = defaultdict(list)
    for run in runs:
        by_service[run.dag_id].append(run)
        findings.expect(
            that=requests[run.attempt] == 1,
            otherwise=f"{run.dag_id} {run.run_id}: {requests[run.attempt]} requests",
        )
    latest = 0.0
    for dag_id, chain in by_service.items():
        for earlier, later in pairwise(chain):
            due = earlier.ended + timedelta(seconds=_INTERVALS[f"on_{earlier.outcome}"])
            findings.expect(
                that=later.run_after >= due and later.run_after > earlier.run_after,
                otherwise=f"{dag_id}: {later.run_id} is due before {due}",
            )
            late = later.started.timestamp() - _expected(due.timestamp(), downtimes)
            latest = max(latest, late)
            findings.expect(
                that=late <= _ALLOWED_S,
                otherwise=f"{dag_id}: {later.run_id} started {late:.1f} s late",
            )
    findings.notes.append(
        f"{len(runs)} runs, one request each; outside the downtimes none started more than"
        f" {latest:.1f} s late"
    )


def _expected(due: float, downtimes: list[_Downtime]) -> float:
    """When a run that is due may be expected: when the scheduler is back, if it is down then."""
    # A scheduler that is killed a moment after the due time may not have come to it.
    down = [one for one in downtimes if one.began - 2 <= due <= one.over]
    return max([due, *(one.over for one in down)])


_ENDED = """
SELECT run.dag_id, run.run_id, run.run_after, task.id || ':' || task.try_number AS attempt,
       task.start_date AS started, run.end_date AS ended,
       (SELECT trim('"' FROM value #>> '{}') FROM xcom
         WHERE dag_run_id = run.id AND task_id = 'call' AND key = 'outcome') AS outcome
  FROM dag_run AS run JOIN task_instance AS task USING (dag_id, run_id)
 WHERE run.dag_id LIKE 'service\\_\\_steady%' AND run.state IN ('success', 'failed')
 ORDER BY run.id
"""
