"""Short versions of experiments that `make chaos` makes whole; real processes, real servers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from system_daemon.local.ports import free_port
from system_daemon.local.postgres import Postgres
from tests.experiments.producer import Producer
from tests.experiments.redis_faults import (
    MortalRedis,
    kill_redis,
    lose_replies,
    share_with_php,
    stop_a_consumer,
)
from tests.integration.leaks import no_key_is_left_without_an_owner  # noqa: F401 - autouse
from tests.integration.redis_servers import redis_server  # noqa: F401 - on each server
from tests.servers import PASSWORD

SEED = 20260


@pytest.fixture
def producer(redis_url: str) -> Iterator[Producer]:
    one = Producer(redis_url, pause=0.01)
    yield one
    one.close()


@pytest.mark.parametrize("fsync", ["everysec", "always"])
def test_a_killed_redis_loses_no_confirmed_job(
    postgres_server: Postgres, tmp_path: Path, fsync: str
) -> None:
    folder = tmp_path / "redis"
    folder.mkdir()
    log = folder / "log"
    redis = MortalRedis(folder, fsync=fsync, port=free_port(), password=PASSWORD, log=log)
    redis.start()
    try:
        found = kill_redis(
            redis, postgres_server.url(), tmp_path, kills=2, per_second=200, seed=SEED, fsync=fsync
        )
    finally:
        redis.stop()
    assert found.violations == []


def test_lost_replies_lose_no_job_and_nothing_hangs(
    producer: Producer, redis_url: str, postgres_server: Postgres, tmp_path: Path
) -> None:
    url = postgres_server.url()
    found = lose_replies(producer, redis_url, url, tmp_path, jobs=500, every=20, timeout=0.3)
    assert found.count >= 5
    assert found.violations == []


def test_a_consumer_that_was_asleep_is_refused(
    producer: Producer, redis_url: str, postgres_server: Postgres, tmp_path: Path
) -> None:
    url = postgres_server.url()
    found = stop_a_consumer(producer, redis_url, url, tmp_path, jobs=200, hurried=True)
    assert found.violations == []


def test_php_and_we_share_a_queue(
    producer: Producer, redis_url: str, postgres_server: Postgres, tmp_path: Path
) -> None:
    found = share_with_php(producer, redis_url, postgres_server.url(), tmp_path, jobs=500)
    assert found.violations == []
