"""Stop recorded processes: Airflow before the servers it talks to."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from system_daemon.local import airflow, demo_server, postgres, processes, redis
from system_daemon.local.processes import ProcessIdentity

_STOP: dict[str, Callable[[ProcessIdentity], None]] = {
    "airflow": airflow.stop_process,
    "demo": demo_server.stop_process,
    "redis": redis.stop_process,
    "postgres": postgres.stop_process,
}


def stop_all(recorded: Mapping[str, ProcessIdentity]) -> None:
    """Stop each recorded process that still runs, and what it left behind."""
    known = [name for name in _STOP if name in recorded]
    for name in [*known, *(set(recorded) - set(_STOP))]:
        _STOP.get(name, processes.stop)(recorded[name])
