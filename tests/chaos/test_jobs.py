"""The experiments with background jobs at full length; each leaves a row in `docs/chaos.md`."""

from __future__ import annotations

from pathlib import Path

import pytest

from system_daemon.local.postgres import Postgres
from system_daemon.redis_client import SOCKET_TIMEOUT_S
from tests.deployment import Deployment
from tests.experiments.findings import Findings
from tests.experiments.producer import Producer
from tests.experiments.redis_faults import (
    MortalRedis,
    kill_redis,
    lose_replies,
    share_with_php,
    stop_a_consumer,
)
from tests.experiments.steady_jobs import kill_the_scheduler, kill_the_triggerer
from tests.experiments.worker_kills import kill_the_workers

SEED = 20260

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(3600)]


def test_a_work_process_killed_20_times_loses_no_job(
    airflow: Deployment, producer: Producer, rows: list[Findings]
) -> None:
    found = kill_the_workers(airflow, producer, jobs=5000, kills=20, seed=SEED, hurried=False)
    rows.append(found)
    assert found.violations == []


def test_a_triggerer_killed_10_times_neither_loses_nor_repeats_a_job(
    airflow: Deployment, producer: Producer, rows: list[Findings]
) -> None:
    found = kill_the_triggerer(airflow, producer, kills=10, per_second=100, at_least=60, seed=SEED)
    rows.append(found)
    assert found.violations == []


def test_a_scheduler_killed_10_times_neither_loses_nor_repeats_a_job(
    airflow: Deployment, producer: Producer, rows: list[Findings]
) -> None:
    found = kill_the_scheduler(
        airflow, producer, kills=10, per_second=100, at_least=60, seed=SEED, succeed=True
    )
    rows.append(found)
    assert found.violations == []


def test_a_redis_killed_10_times_loses_no_confirmed_job(
    mortal_redis: MortalRedis, postgres_server: Postgres, tmp_path: Path, rows: list[Findings]
) -> None:
    url = postgres_server.url()
    found = kill_redis(mortal_redis, url, tmp_path, kills=10, per_second=200, seed=SEED)
    rows.append(found)
    assert found.violations == []


def test_lost_replies_lose_none_of_5000_jobs(
    quick_producer: Producer,
    redis_url: str,
    postgres_server: Postgres,
    tmp_path: Path,
    rows: list[Findings],
) -> None:
    found = lose_replies(
        quick_producer,
        redis_url,
        postgres_server.url(),
        tmp_path,
        jobs=5000,
        every=50,
        timeout=SOCKET_TIMEOUT_S,
    )
    rows.append(found)
    assert found.violations == []


def test_a_consumer_that_was_asleep_is_refused(
    quick_producer: Producer,
    redis_url: str,
    postgres_server: Postgres,
    tmp_path: Path,
    rows: list[Findings],
) -> None:
    url = postgres_server.url()
    found = stop_a_consumer(quick_producer, redis_url, url, tmp_path, jobs=1000, hurried=False)
    rows.append(found)
    assert found.violations == []


def test_php_and_we_run_5000_jobs_once(
    quick_producer: Producer,
    redis_url: str,
    postgres_server: Postgres,
    tmp_path: Path,
    rows: list[Findings],
) -> None:
    url = postgres_server.url()
    found = share_with_php(quick_producer, redis_url, url, tmp_path, jobs=5000)
    rows.append(found)
    assert found.violations == []
