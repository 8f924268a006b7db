"""Short versions of experiments that `make chaos` makes whole; real processes, real servers."""

from __future__ import annotations

from pathlib import Path

from system_daemon.local.postgres import Postgres
from tests.experiments.producer import Producer
from tests.experiments.redis_faults import (
    MortalRedis,
    kill_redis,
    lose_replies,
    share_with_php,
    stop_a_consumer,
)

SEED = 20260


def test_a_killed_redis_loses_no_confirmed_job(
    mortal_redis: MortalRedis, postgres_server: Postgres, tmp_path: Path
) -> None:
    url = postgres_server.url()
    found = kill_redis(mortal_redis, url, tmp_path, kills=2, per_second=200, seed=SEED)
    assert found.violations == []


def test_lost_replies_lose_no_job_and_nothing_hangs(
    quick_producer: Producer, redis_url: str, postgres_server: Postgres, tmp_path: Path
) -> None:
    url = postgres_server.url()
    found = lose_replies(quick_producer, redis_url, url, tmp_path, jobs=500, every=20, timeout=0.3)
    assert found.count >= 5
    assert found.violations == []


def test_a_consumer_that_was_asleep_is_refused(
    quick_producer: Producer, redis_url: str, postgres_server: Postgres, tmp_path: Path
) -> None:
    url = postgres_server.url()
    found = stop_a_consumer(quick_producer, redis_url, url, tmp_path, jobs=200, hurried=True)
    assert found.violations == []


def test_php_and_we_share_a_queue(
    quick_producer: Producer, redis_url: str, postgres_server: Postgres, tmp_path: Path
) -> None:
    found = share_with_php(quick_producer, redis_url, postgres_server.url(), tmp_path, jobs=500)
    assert found.violations == []
