"""What the cluster of the tests works on: services, maintenance tasks and a queue."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from system_daemon.linkcare.loading import seed
from system_daemon.linkcare.migrations import migrate
from system_daemon.local.demo_client import DemoClient
from tests.cluster.cluster import Cluster
from tests.e2e.services import NEVER_AGAIN, service
from tests.experiments.producer import CLASS, QUEUE

SITE = Path(__file__).parent / "site"
HANDLER = "executions:record"
QUEUE_DAG = f"jobs__{QUEUE}"
SETTINGS = {"DAGS_ARE_PAUSED_AT_CREATION": "False"}
_MAINTENANCE = ("EXPIRED_SESSIONS", "AVAILABLE_TASKS_CHECK", "OUTDATED_TASKS_CHECK")
MAINTENANCE_DAGS = tuple(f"maintenance__{name.lower()}" for name in _MAINTENANCE)
_POPULATION = 2000


@contextmanager
def running_cluster(
    folder: Path, services: Sequence[Mapping[str, Any]], **settings: str
) -> Iterator[Cluster]:
    """A cluster that serves the clinic, stopped at the end of the block.

    Args:
        folder: Holds all of it.
        services: Entries of the configuration.
        **settings: More of what the operator writes into `.env`.
    """
    cluster = Cluster(folder, settings=SETTINGS | settings, site=SITE)
    configure(cluster, services)
    try:
        cluster.start(before_airflow=_populate)
        yield cluster
    finally:
        cluster.stop()


def configure(
    cluster: Cluster, services: Sequence[Mapping[str, Any]], *, every: int = 300, **queue: Any
) -> None:
    """Write all files of the configuration.

    Args:
        cluster: Reads it.
        services: Entries.
        every: Seconds from one run of a maintenance task to the next.
        **queue: Keys of the one queue.
    """
    cluster.configure(services)
    tasks = [{"name": name, "frequency": every} for name in _MAINTENANCE]
    maintenance = {"max_inactive_session_time": 1800, "tasks": tasks}
    cluster.write("maintenance.json", json.dumps(maintenance))
    entry = {"name": QUEUE, "workers": 4, "concurrency": 8, "linger": 2} | queue
    routes = [{"job_class": CLASS, "handler": HANDLER, "timeout": 30}]
    jobs = {"queues": [entry], "routes": routes}
    cluster.write("background_jobs.json", json.dumps(jobs))


def at_demo(demo: DemoClient, name: str, **keys: Any) -> dict[str, Any]:
    """A service of the demo platform, by its real address."""
    return service(name, endpoint=f"{demo.url}/{name}", **keys)


def patients(demo: DemoClient) -> dict[str, Any]:
    """The service that is always there, called once by itself."""
    return at_demo(demo, "patients", intervals=NEVER_AGAIN)


def _populate(cluster: Cluster) -> None:
    with psycopg.connect(cluster.platform_url, autocommit=True) as connection:
        migrate(connection)
        seed(connection, _POPULATION, as_of=datetime.now(UTC))
