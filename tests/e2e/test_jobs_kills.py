"""Parts of a real Airflow die while it runs jobs: none is lost (whole in `make chaos`)."""

from __future__ import annotations

import pytest

from tests.deployment import Deployment
from tests.experiments.producer import Producer
from tests.experiments.steady_jobs import kill_the_scheduler, kill_the_triggerer
from tests.experiments.worker_kills import kill_the_workers

SEED = 20260


@pytest.mark.timeout(300)
def test_a_killed_work_process_loses_no_job(airflow: Deployment, producer: Producer) -> None:
    found = kill_the_workers(airflow, producer, jobs=300, kills=1, seed=SEED, hurried=True)
    assert found.violations == []


@pytest.mark.timeout(300)
def test_a_killed_triggerer_neither_loses_nor_repeats_a_job(
    airflow: Deployment, producer: Producer
) -> None:
    found = kill_the_triggerer(airflow, producer, kills=1, per_second=50, at_least=0, seed=SEED)
    assert found.violations == []


@pytest.mark.timeout(300)
def test_a_killed_scheduler_neither_loses_nor_repeats_a_job(
    airflow: Deployment, producer: Producer
) -> None:
    found = kill_the_scheduler(
        airflow, producer, kills=1, per_second=50, at_least=0, seed=SEED, succeed=False
    )
    assert found.violations == []
