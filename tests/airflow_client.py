"""A running Airflow as those see it who use it: its public API, and its database to look behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import psycopg
import requests
from psycopg.rows import class_row

from tests.waiting import wait_until


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run as Airflow's database has it; ``outcome`` is what the call left."""

    dag_id: str
    run_id: str
    run_type: str
    state: str
    run_after: datetime
    start_date: datetime | None
    end_date: datetime | None
    task_state: str | None
    task_start: datetime | None
    task_end: datetime | None
    try_number: int | None
    outcome: str | None
    message: str | None


class AirflowClient:
    """One Airflow that runs somewhere."""

    def __init__(self, url: str, *, database_url: str, login: tuple[str, str]) -> None:
        """Nothing is asked yet.

        Args:
            url: Of its API server.
            database_url: Of its metadata database, postgresql://...
            login: Name and password of an administrator.
        """
        self.url = url
        self.database_url = database_url
        self._login = login
        self._token: str | None = None

    def healthy(self) -> bool:
        """Whether every component says that it works."""
        try:
            health = requests.get(f"{self.url}/api/v2/monitor/health", timeout=5).json()
        except (requests.RequestException, ValueError):
            return False
        return all(part.get("status") == "healthy" for part in health.values())

    def api(self, method: str, path: str, body: object = None) -> Any:
        """One call of Airflow's public API as its administrator."""
        if self._token is None:
            login = dict(zip(("username", "password"), self._login, strict=True))
            answer = requests.post(f"{self.url}/auth/token", json=login, timeout=30)
            answer.raise_for_status()
            self._token = answer.json()["access_token"]
        answer = requests.request(
            method,
            f"{self.url}/api/v2/{path}",
            json=body,
            headers={"Authorization": f"Bearer {self._token}"},
            timeout=30,
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def knows(self, dag_id: str) -> bool:
        """Whether the DAG has been parsed and is not gone again."""
        with psycopg.connect(self.database_url) as connection:
            known = "SELECT 1 FROM dag WHERE dag_id = %s AND NOT is_stale"
            return connection.execute(known, (dag_id,)).fetchone() is not None

    def runs(self, dag_id: str | None = None) -> list[Run]:
        """All runs, or those of one DAG, the oldest first."""
        with psycopg.connect(self.database_url, row_factory=class_row(Run)) as connection:
            found = connection.execute(_RUNS, {"dag_id": dag_id}).fetchall()
        return [
            replace(run, outcome=_plain(run.outcome), message=_plain(run.message)) for run in found
        ]

    def wait_for_run(
        self,
        dag_id: str,
        condition: Callable[[Run], bool],
        *,
        description: str,
        timeout: float = 60,
    ) -> Run:
        """The first run of the DAG that satisfies the condition."""

        def found() -> Run | None:
            return next((run for run in self.runs(dag_id) if condition(run)), None)

        run = wait_until(found, timeout=timeout, description=f"{dag_id}: {description}")
        assert run is not None
        return run

    def trigger_dag(self, dag_id: str) -> str:
        """Trigger by hand; the run's id."""
        return str(self.api("POST", f"dags/{dag_id}/dagRuns", {"logical_date": None})["dag_run_id"])

    def clear(self, run: Run) -> None:
        """Clear a run's task, as the button in the UI does."""
        body = {"dry_run": False}
        self.api("POST", f"dags/{run.dag_id}/dagRuns/{run.run_id}/clear", body)

    def mark(self, run: Run, state: str) -> None:
        """Mark a run, as the button in the UI does."""
        self.api("PATCH", f"dags/{run.dag_id}/dagRuns/{run.run_id}", {"state": state})

    def pause(self, dag_id: str, *, paused: bool) -> None:
        self.api("PATCH", f"dags/{dag_id}", {"is_paused": paused})

    def rename_task(self, dag_id: str, task_id: str, name: str) -> None:
        """Leave a task instance behind that no version of the DAG knows."""
        with psycopg.connect(self.database_url) as connection:
            connection.execute(
                "UPDATE task_instance SET task_id = %s WHERE dag_id = %s AND task_id = %s",
                (name, dag_id, task_id),
            )

    def log_of(self, run: Run, task_id: str = "call") -> str:
        """The task's log of its last try, as the UI shows it."""
        tasks = f"dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances"
        path = f"{tasks}/{task_id}/logs/{run.try_number}"
        content = self.api("GET", f"{path}?full_content=true")["content"]
        return "\n".join(
            line if isinstance(line, str) else str(line.get("event", line)) for line in content
        )


_RUNS = """
SELECT run.dag_id, run.run_id, run.run_type, run.state, run.run_after, run.start_date,
       run.end_date, task.state AS task_state, task.start_date AS task_start,
       task.end_date AS task_end, task.try_number,
       (SELECT value #>> '{}' FROM xcom
         WHERE dag_run_id = run.id AND task_id = 'call' AND key = 'outcome') AS outcome,
       (SELECT value #>> '{}' FROM xcom
         WHERE dag_run_id = run.id AND task_id = 'call' AND key = 'message') AS message
  FROM dag_run AS run
  LEFT JOIN task_instance AS task ON task.dag_id = run.dag_id AND task.run_id = run.run_id
 WHERE %(dag_id)s::text IS NULL OR run.dag_id = %(dag_id)s
 ORDER BY run.id
"""


def _plain(text: str | None) -> str | None:
    """An XCom that a trigger left is JSON text inside JSON."""
    try:
        return None if text is None else str(json.loads(text))
    except ValueError:
        return text
