"""Stop recorded processes: Airflow before the servers it talks to."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from system_daemon.local import airflow, processes
from system_daemon.local.demo_server import DemoServer
from system_daemon.local.postgres import Postgres
from system_daemon.local.processes import ProcessIdentity
from system_daemon.local.redis import Redis

_STOP: dict[str, Callable[[ProcessIdentity], None]] = {
    "airflow": airflow.stop_process,
    DemoServer.name: DemoServer.stop_process,
    Redis.name: Redis.stop_process,
    Postgres.name: Postgres.stop_process,
}


def stop_all(recorded: Mapping[str, ProcessIdentity]) -> None:
    """Stop each recorded process that still runs, and what it left behind."""
    known = [name for name in _STOP if name in recorded]
    for name in [*known, *(set(recorded) - set(_STOP))]:
        _STOP.get(name, processes.stop)(recorded[name])
