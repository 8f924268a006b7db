"""What a day of the default schedule costs the whole Airflow, measured over a compressed part."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
from psycopg import sql

from measuring.report import Figure, shown, table
from measuring.sampling import Watch
from measuring.surroundings import Surroundings, leaders, rows
from system_daemon.linkcare.loading import seed
from system_daemon.linkcare.migrations import migrate
from tests.deployment import Deployment
from tests.waiting import wait_until

RUNS_A_DAY = 2_594
_DATABASE = "linkcare"
_TASKS = 20_000
_FREQUENCIES = {
    "OUTDATED_TASKS_CHECK": 300,
    "AVAILABLE_TASKS_CHECK": 300,
    "SERVICE_TASKS": 60,
    "DELAYED_NOTIFICATIONS": 300,
    "EXPIRED_SESSIONS": 300,
}
_DAILY = ("PURGE_DATABASE", "EXPIRED_ADMISSIONS")
_HISTORY = ("dag_run", "task_instance", "xcom", "log", "job", "task_instance_note")


def measure(surroundings: Surroundings, *, quick: bool) -> Iterator[list[Figure]]:
    """A deployment that idles, then the same one with the runs of some hours."""
    compression, hours = (15, 0.25) if quick else (15, 2.0)
    url = _platform(surroundings)
    environment = {"AIRFLOW_CONN_SYSTEM_DAEMON_POSTGRES": url}
    with surroundings.deployment(environment=environment) as deployment:
        pool = {"name": "system_daemon", "slots": 8, "description": "", "include_deferred": False}
        deployment.api("POST", "pools", pool)
        deployment.write("maintenance.json", json.dumps(_configuration(compression)))
        names = [*_FREQUENCIES, *_DAILY]
        dags = [f"maintenance__{name.lower()}" for name in names]
        wait_until(lambda: all(map(deployment.knows, dags)), 120, "the maintenance DAGs")
        wait_until(lambda: _ended(deployment) >= len(_FREQUENCIES), 120, "the first runs")
        for dag in dags:
            deployment.pause(dag, paused=True)
        wait_until(lambda: _running(deployment) == 0, 120, "the end of the first runs")
        window = hours * 3600 / compression
        with Watch(leaders(deployment)) as idle:
            time.sleep(window / 4)
        before, history_before = _ended(deployment), _history(deployment)
        for dag in dags:
            deployment.pause(dag, paused=False)
        with Watch(leaders(deployment)) as busy:
            for name in _DAILY:
                deployment.trigger_dag(f"maintenance__{name.lower()}")
            time.sleep(window)
            for dag in dags:
                deployment.pause(dag, paused=True)
            wait_until(lambda: _running(deployment) == 0, 120, "the end of the last runs")
        runs = _ended(deployment) - before
        history = {
            name: (count - history_before[name]) / runs * RUNS_A_DAY
            for name, count in _history(deployment).items()
        }
    idle_rate = idle.usage.whole_cpu / idle.usage.seconds
    per_run = (busy.usage.whole_cpu - idle_rate * busy.usage.seconds) / runs
    print(table(("history", "rows a day"), [(k, shown(round(v))) for k, v in history.items()]))
    parts = {
        name: (used - idle.usage.cpu[name] / idle.usage.seconds * busy.usage.seconds) / runs
        for name, used in busy.usage.cpu.items()
    }
    print(table(("component", "CPU s a run"), [(k, shown(v)) for k, v in parts.items()]))
    yield [
        Figure(
            name="day_cpu_s",
            value=per_run * RUNS_A_DAY,
            meaning=f"CPU s of Airflow for {RUNS_A_DAY} runs, above idling; {runs} ran",
        ),
        Figure(name="run_cpu_s", value=per_run, meaning="same for one run"),
        Figure(
            name="idle_day_cpu_s",
            value=idle_rate * 86_400,
            meaning="CPU s a day of the same Airflow with nothing to run",
        ),
        Figure(
            name="day_history_rows",
            value=sum(history.values()),
            meaning="rows that a day's runs leave in Airflow's database",
        ),
    ]


def _configuration(compression: float) -> dict[str, object]:
    shorter: list[dict[str, object]] = [
        {"name": name, "frequency": seconds / compression} for name, seconds in _FREQUENCIES.items()
    ]
    return {
        "max_inactive_session_time": 1800,
        "tasks": [*shorter, *({"name": name, "time": "03:00"} for name in _DAILY)],
    }


def _platform(surroundings: Surroundings) -> str:
    with psycopg.connect(surroundings.postgres.url(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_DATABASE)))
    url = surroundings.postgres.url(_DATABASE)
    with psycopg.connect(url, autocommit=True) as connection:
        migrate(connection)
        seed(connection, _TASKS, as_of=datetime.now(UTC))
    return url


def _ended(deployment: Deployment) -> int:
    # The runs of a paused DAG are not ended, but their tasks are.
    query = "SELECT count(*) FROM task_instance WHERE state IN ('success', 'failed')"
    ((found,),) = rows(deployment, query)
    return int(found)


def _running(deployment: Deployment) -> int:
    query = "SELECT count(*) FROM task_instance WHERE state IN ('queued', 'running')"
    ((found,),) = rows(deployment, query)
    return int(found)


def _history(deployment: Deployment) -> dict[str, int]:
    return {
        name: int(rows(deployment, f'SELECT count(*) FROM "{name}"')[0][0]) for name in _HISTORY
    }
