"""What an experiment needs, at its short length in `make test` as at its whole one in `make chaos`.

Imported by name where tests ask for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from system_daemon.local.ports import free_port
from system_daemon.local.redis import Redis
from tests.experiments.clinic_database import MortalPostgres
from tests.experiments.producer import Producer
from tests.experiments.redis_faults import MortalRedis
from tests.experiments.worker_kills import PAUSE_S
from tests.servers import PASSWORD


@pytest.fixture
def mortal_postgres(tmp_path: Path) -> Iterator[MortalPostgres]:
    folder = tmp_path / "postgres"
    folder.mkdir()
    server = MortalPostgres(folder, port=free_port(), password=PASSWORD, log=folder / "log")
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=["everysec", "always"])
def mortal_redis(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[MortalRedis]:
    """One for each way to keep what was written."""
    folder = tmp_path / "redis"
    folder.mkdir()
    server = MortalRedis(
        folder, fsync=request.param, port=free_port(), password=PASSWORD, log=folder / "log"
    )
    server.start()
    yield server
    server.stop()


@pytest.fixture
def producer(redis_server: Redis) -> Iterator[Producer]:
    """Of jobs for the Redis of a whole Airflow."""
    one = Producer(redis_server.url(), pause=PAUSE_S)
    one.client.flushall()
    yield one
    one.client.flushall()
    one.close()


@pytest.fixture
def quick_producer(redis_url: str) -> Iterator[Producer]:
    """Its jobs take a hundredth of a second."""
    one = Producer(redis_url, pause=0.01)
    yield one
    one.close()
