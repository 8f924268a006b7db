"""Real servers and real Airflows to measure, on this machine's loopback, gone afterwards."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import psycopg
from psycopg import sql

from system_daemon.local import processes
from system_daemon.local.demo_client import DemoClient
from system_daemon.local.demo_server import DemoServer
from system_daemon.local.ports import free_port
from system_daemon.local.postgres import Postgres
from system_daemon.local.redis import Redis
from tests.airflow_settings import PROJECT
from tests.deployment import COMPONENTS, Deployment

_PASSWORD = "loopback-only"
_AS_SHIPPED = {
    # Tests hurry; what is measured is what `make run` starts.
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "30",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "5",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "10",
    "AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "30",
}


@dataclass(slots=True, kw_only=True)
class Surroundings:
    """A database server, a Redis and a demo platform; `deployment` adds an Airflow."""

    folder: Path
    postgres: Postgres
    redis: Redis
    demo_url: str
    environment: Mapping[str, str]
    """Settings to try, in every Airflow."""
    _made: list[Deployment] = field(default_factory=list)

    @property
    def demo(self) -> DemoClient:
        """The demo platform."""
        return DemoClient(self.demo_url)

    @contextmanager
    def deployment(
        self, *, project: Path = PROJECT, environment: Mapping[str, str] | None = None
    ) -> Iterator[Deployment]:
        """An Airflow with a metadata database of its own, stopped at the end of the block."""
        database = f"measured_{len(self._made)}"
        with psycopg.connect(self.postgres.url(), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
        one = Deployment(
            self.folder / database,
            database_url=self.postgres.url(database),
            redis_url=self.redis.url(),
            demo_port=urlsplit(self.demo_url).port or 80,
            environment={**_AS_SHIPPED, **(environment or {}), **self.environment},
            project=project,
        )
        self._made.append(one)
        try:
            one.start()
            yield one
        finally:
            one.stop()


@contextmanager
def surroundings(environment: Mapping[str, str]) -> Iterator[Surroundings]:
    """Start the servers; stop them, and every Airflow, whatever happens."""
    processes.adopt_orphans()
    signal.signal(signal.SIGTERM, _stop)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="measured-")))
        postgres = Postgres(
            folder / "postgres", port=free_port(), password=_PASSWORD, log=folder / "postgres.log"
        )
        redis = Redis(
            folder / "redis", port=free_port(), password=_PASSWORD, log=folder / "redis.log"
        )
        demo = DemoServer(folder / "demo", port=free_port(), log=folder / "demo.log")
        for name in ("postgres", "redis", "demo"):
            (folder / name).mkdir()
        for server in (postgres, redis, demo):
            stack.callback(server.stop)
            server.start()
        yield Surroundings(
            folder=folder,
            postgres=postgres,
            redis=redis,
            demo_url=demo.url(),
            environment=environment,
        )


def leaders(deployment: Deployment) -> dict[str, psutil.Process]:
    """The first process of every component."""
    return {name: deployment.members(name)[0] for name in COMPONENTS}


def rows(deployment: Deployment, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """What the deployment's metadata database answers."""
    with psycopg.connect(deployment.database_url) as connection:
        answer = connection.execute(query, values)
        return answer.fetchall() if answer.description else []


def _stop(*_: object) -> None:
    raise KeyboardInterrupt
