"""A whole Airflow of real processes that a test can hold, kill and start again, part by part."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import psycopg
import requests
from psycopg.rows import class_row

from system_daemon.local import processes
from system_daemon.local.airflow_environment import AirflowSettings, airflow_environment
from system_daemon.local.generated_secrets import load_or_create
from system_daemon.local.ports import LOOPBACK, free_port
from system_daemon.local.processes import ProcessIdentity
from tests.airflow_settings import PROJECT
from tests.waiting import wait_until

COMPONENTS = ("scheduler", "dag-processor", "triggerer", "api-server")
_FASTER = {
    # A killed triggerer's calls are taken over after this many seconds without a heartbeat.
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "5",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "2",
    "AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "1",
}


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


class Deployment:
    """One Airflow with its own metadata database; PostgreSQL and Redis are lent to it."""

    def __init__(
        self,
        folder: Path,
        *,
        database_url: str,
        redis_url: str,
        demo_port: int,
        environment: Mapping[str, str] | None = None,
        project: Path = PROJECT,
    ) -> None:
        self.folder = folder
        self.configuration = folder / "config"
        self.configuration.mkdir(parents=True)
        self.database_url = database_url
        self._processes: dict[str, ProcessIdentity] = {}
        self._secrets = load_or_create(folder)
        self._port = free_port()
        self._project = project
        settings = AirflowSettings(
            project=project,
            home=folder / "airflow",
            database_url=database_url,
            redis_url=redis_url,
            port=self._port,
            worker_log_port=free_port(),
            trigger_log_port=free_port(),
            secrets=self._secrets,
            demo_port=demo_port,
        )
        settings.home.mkdir()
        self._environment = (
            airflow_environment(settings)
            | _FASTER
            | {"SYSTEM_DAEMON_CONFIG": str(self.configuration)}
            | dict(environment or {})
        )
        self._token: str | None = None
        self.configure([])

    def configure(self, services: Sequence[Mapping[str, Any]], **settings: Any) -> None:
        """Write both files at once, as an operator who saves them."""
        self.write("external_services.json", json.dumps(list(services)))
        self.write("settings.json", json.dumps(settings))

    def write(self, name: str, text: str) -> None:
        """Put a file into the configuration folder in one step."""
        draft = self.configuration / f".{name}"
        draft.write_text(text, encoding="utf-8")
        draft.replace(self.configuration / name)

    def start(self, *components: str) -> None:
        """Start these components, or all of them, and wait until they work."""
        program = str(Path(sys.prefix) / "bin" / "airflow")
        if not components:
            self._once(program, "db", "migrate")
        for name in components or COMPONENTS:
            self._processes[name] = processes.start(
                [program, name],
                log=self.folder / f"{name}.log",
                cwd=self._project,
                env=self._environment,
            )
        if not components:
            wait_until(self.healthy, timeout=120, description="all components of Airflow")

    def stop(self) -> None:
        """Stop everything that was started."""
        for name in list(self._processes):
            processes.stop(self._processes.pop(name), whole_session=True, grace=10)

    def kill(self, name: str) -> None:
        """kill -9 of a component and all its children, as a machine that loses power."""
        identity = self._processes.pop(name)
        for process in processes.members(identity):
            os.kill(process.pid, signal.SIGKILL)
        wait_until(
            lambda: not processes.members(identity), timeout=10, description=f"the end of {name}"
        )

    def members(self, name: str) -> list[psutil.Process]:
        """The component's processes, its children included."""
        return processes.members(self._processes[name])

    def healthy(self) -> bool:
        """Whether every component says that it works."""
        try:
            health = requests.get(f"{self.url}/api/v2/monitor/health", timeout=5).json()
        except (requests.RequestException, ValueError):
            return False
        return all(part.get("status") == "healthy" for part in health.values())

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self._port}"

    def api(self, method: str, path: str, body: object = None) -> Any:
        """One call of Airflow's public API as its administrator."""
        if self._token is None:
            login = {"username": "admin", "password": self._secrets.admin_password}
            answer = requests.post(f"{self.url}/auth/token", json=login, timeout=10)
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

    def log_of(self, run: Run) -> str:
        """The task's log of its last try, as the UI shows it."""
        path = f"dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/call/logs/{run.try_number}"
        content = self.api("GET", f"{path}?full_content=true")["content"]
        return "\n".join(
            line if isinstance(line, str) else str(line.get("event", line)) for line in content
        )

    def worker_logs(self) -> list[Path]:
        """Logs that only a worker process writes; a call in the triggerer leaves none."""
        logs = (self.folder / "airflow" / "logs").glob("dag_id=*/**/attempt=*.log")
        return [log for log in logs if re.fullmatch(r"attempt=\d+\.log", log.name)]

    def _once(self, *command: str) -> None:
        identity = processes.start(
            list(command),
            log=self.folder / "migrate.log",
            cwd=self._project,
            env=self._environment,
        )
        wait_until(
            lambda: not processes.is_alive(identity),
            timeout=120,
            description="the migrated database",
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
