"""One real Airflow for all end-to-end tests of a session, over real servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from system_daemon.local.demo_server import DemoServer
from system_daemon.local.postgres import Postgres
from system_daemon.local.redis import Redis
from tests.deployment import Deployment
from tests.e2e.clinic import resque, serve  # noqa: F401 - fixtures
from tests.experiments.fixtures import producer  # noqa: F401 - a fixture

Deploy = Callable[..., Deployment]


@pytest.fixture(scope="session")
def deploy(
    tmp_path_factory: pytest.TempPathFactory,
    postgres_server: Postgres,
    redis_server: Redis,
    demo_server: DemoServer,
) -> Iterator[Deploy]:
    """Makes deployments with a metadata database each; stops them at the end."""
    made: list[Deployment] = []

    def one(**options: Any) -> Deployment:
        database = f"deployment_{len(made)}"
        with psycopg.connect(postgres_server.url(), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
        deployment = Deployment(
            tmp_path_factory.mktemp("a folder with spaces"),
            database_url=postgres_server.url(database),
            redis_url=redis_server.url(),
            demo_port=urlsplit(demo_server.url()).port,
            **options,
        )
        made.append(deployment)
        deployment.start()
        return deployment

    try:
        yield one
    finally:
        for deployment in made:
            deployment.stop()


@pytest.fixture(scope="session")
def running(deploy: Deploy) -> Deployment:
    """The Airflow that most tests share."""
    return deploy()


@pytest.fixture
def airflow(running: Deployment) -> Iterator[Deployment]:
    """The shared Airflow, with no service configured before and after."""
    running.configure([])
    yield running
    running.configure([])
