"""Fixtures: real servers for tests. Each test process has its own, and stops what it started."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from system_daemon.local.demo_client import DemoClient
from system_daemon.local.demo_server import DemoServer
from system_daemon.local.ports import free_port
from system_daemon.local.postgres import Postgres
from system_daemon.local.redis import Redis

PASSWORD = "loopback-only"


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """An embedded PostgreSQL with an empty database `airflow`."""
    folder = tmp_path_factory.mktemp("postgres")
    server = Postgres(folder, port=free_port(), password=PASSWORD, log=folder / "log")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """An embedded Redis."""
    folder = tmp_path_factory.mktemp("redis")
    server = Redis(folder, port=free_port(), password=PASSWORD, log=folder / "log")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis_url(redis_server: Redis) -> Iterator[str]:
    """The URL of a Redis that holds nothing; what a test leaves in it goes with the test."""
    with redis.Redis.from_url(redis_server.url()) as client:
        client.flushall()
        yield redis_server.url()
        client.flushall()


@pytest.fixture(scope="session")
def demo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    """A demo platform in a process of its own."""
    folder = tmp_path_factory.mktemp("demo")
    server = DemoServer(folder, port=free_port(), log=folder / "log")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def demo_platform(demo_server: DemoServer) -> DemoClient:
    """A demo platform that has received no calls; scripts of earlier tests may still be set."""
    platform = DemoClient(demo_server.url())
    platform.forget_calls()
    return platform
