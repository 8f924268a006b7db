"""A whole Airflow of real processes that a test can hold, kill and start again, part by part."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil

from system_daemon.local import processes
from system_daemon.local.airflow_environment import (
    ADMIN,
    AirflowSettings,
    airflow_environment,
)
from system_daemon.local.generated_secrets import load_or_create
from system_daemon.local.ports import LOOPBACK, free_port
from system_daemon.local.processes import ProcessIdentity
from tests.airflow_client import AirflowClient, Run
from tests.airflow_settings import PROJECT
from tests.configuration_folder import ConfigurationFolder
from tests.waiting import wait_until

__all__ = ["COMPONENTS", "Deployment", "Run"]

COMPONENTS = ("scheduler", "dag-processor", "triggerer", "api-server")
_FASTER = {
    # A killed triggerer's calls are taken over after this many seconds without a heartbeat.
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "5",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "2",
    "AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "1",
}


class Deployment(AirflowClient, ConfigurationFolder):
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
        ConfigurationFolder.__init__(self, folder / "config")
        secrets = load_or_create(folder)
        self._processes: dict[str, ProcessIdentity] = {}
        port = free_port()
        self._project = project
        settings = AirflowSettings(
            project=project,
            home=folder / "airflow",
            database_url=database_url,
            redis_url=redis_url,
            port=port,
            worker_log_port=free_port(),
            trigger_log_port=free_port(),
            secrets=secrets,
            demo_port=demo_port,
        )
        settings.home.mkdir()
        self._environment = (
            airflow_environment(settings)
            | _FASTER
            | {"SYSTEM_DAEMON_CONFIG": str(self.configuration)}
            # Handlers of `tests.experiments` and where they note what they did.
            | {"PYTHONPATH": f"{project / 'include'}{os.pathsep}{PROJECT}"}
            | {"EXECUTIONS_URL": database_url}
            | dict(environment or {})
        )
        AirflowClient.__init__(
            self,
            f"http://{LOOPBACK}:{port}",
            database_url=database_url,
            login=(ADMIN, secrets.admin_password),
        )

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

    def kill(self, name: str, *, alone: bool = False) -> list[psutil.Process]:
        """kill -9 of a component and all its children, as a machine that loses power.

        Alone: of the component only; its children are returned, and the caller sees to their end.
        """
        identity = self._processes.pop(name)
        if alone:
            left = [one for one in processes.members(identity) if one.pid != identity.pid]
            os.kill(identity.pid, signal.SIGKILL)
            wait_until(lambda: not processes.is_alive(identity), 10, f"the end of {name}")
            return left
        for process in processes.members(identity):
            os.kill(process.pid, signal.SIGKILL)
        wait_until(
            lambda: not processes.members(identity), timeout=10, description=f"the end of {name}"
        )
        return []

    def members(self, name: str) -> list[psutil.Process]:
        """The component's processes, its children included."""
        return processes.members(self._processes[name])

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
