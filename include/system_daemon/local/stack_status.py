"""How a stack is now: the document that `system-daemon status --json` prints."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from system_daemon.local.airflow import component_health
from system_daemon.local.dag_overview import AirflowApi, DagOverview, Login, overview
from system_daemon.local.demo_server import DemoServer
from system_daemon.local.failure import StackError
from system_daemon.local.generated_secrets import load
from system_daemon.local.loopback_http import HttpError
from system_daemon.local.postgres import Postgres
from system_daemon.local.processes import is_alive
from system_daemon.local.redis import Redis
from system_daemon.local.stack_record import StackRecord, read_record


@dataclass(frozen=True, slots=True, kw_only=True)
class StackStatus:
    """Everything `status` shows; `url` is None when nothing runs."""

    url: str | None
    components: dict[str, str]
    dags: list[DagOverview]


NOT_RUNNING = StackStatus(url=None, components={}, dags=[])


def running(state: Path) -> StackRecord | None:
    """The record of the stack that runs on this state folder now, if one does."""
    record = read_record(state)
    return record if record is not None and is_alive(record.supervisor) else None


def login_of(record: StackRecord) -> Login:
    """How to enter the Airflow of this record."""
    return Login(
        url=record.url, username=record.login["username"], password=record.login["password"]
    )


def stack_status(state: Path) -> StackStatus:
    """Ask every component of the stack on this state folder."""
    record = running(state)
    if record is None:
        return NOT_RUNNING
    return StackStatus(
        url=record.url,
        components={
            **_servers(state, record),
            **component_health(record.ports["airflow"]),
        },
        dags=_dags(record),
    )


def _dags(record: StackRecord) -> list[DagOverview]:
    try:
        return overview(AirflowApi(login_of(record)))
    except HttpError:
        return []  # its API server is not there (yet); the components say so


def _servers(state: Path, record: StackRecord) -> dict[str, str]:
    try:
        secrets = load(state)
    except StackError:
        return dict.fromkeys(("postgres", "redis"), "unreachable")
    log = state / "logs"
    servers: dict[str, Any] = {
        "postgres": Postgres(
            state / "postgres",
            port=record.ports["postgres"],
            password=secrets.postgres_password,
            log=log,
        ),
        "redis": Redis(
            state / "redis", port=record.ports["redis"], password=secrets.redis_password, log=log
        ),
    }
    if "demo" in record.ports:
        servers["demo"] = DemoServer(state / "demo", port=record.ports["demo"], log=log)
    return {
        name: "healthy" if server.healthy() else "unreachable" for name, server in servers.items()
    }
