"""Airflow on this machine: `airflow standalone`, which runs its four components as children."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from system_daemon.local import processes
from system_daemon.local.airflow_environment import AirflowSettings, airflow_environment
from system_daemon.local.failure import StackError
from system_daemon.local.loopback_http import HttpError, get_json
from system_daemon.local.ports import LOOPBACK
from system_daemon.local.processes import ProcessIdentity
from system_daemon.local.recording import Record, record_nothing

COMPONENTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")
_STOP_SECONDS = 15.0
# The word in a component's command line, as `airflow standalone` starts it and as it later
# names itself.
_COMMANDS = {
    "scheduler": "scheduler",
    "dag-processor": "dag_processor",
    "dag_processor": "dag_processor",
    "api-server": "api_server",
    "api_server": "api_server",
    "triggerer": "triggerer",
}
# The processes that `airflow standalone` starts.
AIRFLOW_CHILDREN = frozenset(_COMMANDS.values())


class Airflow:
    """One local Airflow; `start` returns before it is ready, `health` tells how far it is."""

    name = "airflow"

    def __init__(
        self, settings: AirflowSettings, *, log: Path, record: Record = record_nothing
    ) -> None:
        self._settings = settings
        self._log = log
        self._record = record
        self._process: ProcessIdentity | None = None
        # Seconds since 1970: heartbeats from before belong to an earlier start.
        self.started_at = time.time()

    def start(self) -> str:
        """Start it and return the URL of its UI. Raises StackError when it is not installed."""
        program = Path(sys.prefix) / "bin" / "airflow"
        if not program.exists():
            raise StackError(f"expected Airflow at {program}, got nothing; run `make install`")
        self.started_at = time.time()
        self._process = processes.start(
            [str(program), "standalone"],
            log=self._log,
            # Relative paths in the project's own files are meant from its root.
            cwd=self._settings.project,
            env=airflow_environment(self._settings),
        )
        self._record(self.name, self._process)
        return self._settings.url

    def stop(self) -> None:
        """Stop all its components; a running task is cut off."""
        if self._process is not None:
            stop_process(self._process)
            self._process = None

    def health(self) -> dict[str, str]:
        """Each component's health of *this* start; `starting` until its first heartbeat."""
        return component_health(self._settings.port, since=self.started_at)

    def components(self) -> dict[str, ProcessIdentity]:
        """The processes that must go on running, by component name."""
        if self._process is None:
            return {}
        try:
            children = psutil.Process(self._process.pid).children()
        except psutil.NoSuchProcess:
            children = []
        found = {self.name: self._process}
        for child in children:
            name = _component_name(child)
            if name is not None:
                found[name] = processes.identify(child.pid)
        return found


def component_health(port: int, *, since: float = 0.0) -> dict[str, str]:
    """What the API server says of the components; all `unreachable` while it does not answer.

    Heartbeats older than `since` (seconds since 1970) do not count.
    """
    try:
        answer = get_json(f"http://{LOOPBACK}:{port}/api/v2/monitor/health", timeout=5)
    except HttpError:
        return dict.fromkeys((*COMPONENTS, "api_server"), "unreachable")
    health = {name: _component(name, answer.get(name), since) for name in COMPONENTS}
    return {**health, "api_server": "healthy"}


def _component(name: str, answer: Mapping[str, Any] | None, since: float) -> str:
    if answer is None or answer.get("status") is None:
        return "starting"
    heartbeat = answer.get(f"latest_{name}_heartbeat")
    if heartbeat is not None and datetime.fromisoformat(heartbeat).timestamp() < since:
        return "starting"
    return str(answer["status"])


def _component_name(process: psutil.Process) -> str | None:
    try:
        words = " ".join(process.cmdline()).split()
    except psutil.Error:
        return None
    for word in words:
        if word in _COMMANDS:
            return _COMMANDS[word]
    return None


def stop_process(process: ProcessIdentity) -> None:
    """Stop an Airflow of which only the process is known.

    `airflow standalone` leaves its children when it gets SIGTERM: hence all of its session.
    """
    processes.stop(process, whole_session=True, grace=_STOP_SECONDS)
