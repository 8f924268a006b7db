"""Every experiment at full length; each leaves a row in `docs/chaos.md`."""

from __future__ import annotations

import pytest

from system_daemon.local.demo_client import DemoClient
from tests.deployment import Deployment
from tests.experiments.findings import Findings
from tests.experiments.scheduler_kills import kill_the_scheduler
from tests.experiments.triggerer_kills import kill_the_triggerer
from tests.experiments.two_deployments import (
    Pair,
    daily_in_both,
    kill_the_holder,
    share_a_service,
)

SEED = 20260

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(3600)]


def test_a_triggerer_killed_20_times_sends_at_most_one_request_a_try(
    airflow: Deployment, demo_platform: DemoClient, rows: list[Findings]
) -> None:
    rows.append(kill_the_triggerer(airflow, demo_platform, kills=20, seed=SEED))
    assert rows[-1].violations == []


def test_a_scheduler_killed_5_times_neither_repeats_nor_loses_a_due_time(
    airflow: Deployment, demo_platform: DemoClient, rows: list[Findings]
) -> None:
    found = kill_the_scheduler(airflow, demo_platform, kills=5, services=20, seed=SEED)
    rows.append(found)
    assert found.violations == []


def test_r37_over_200_due_times_never_two_calls_at_once(
    pair: Pair, demo_platform: DemoClient, rows: list[Findings]
) -> None:
    rows.append(share_a_service(pair, demo_platform, due_times=200))
    assert rows[-1].violations == []


def test_r38_a_killed_holder_frees_the_lock_after_the_timeout(
    pair: Pair, demo_platform: DemoClient, rows: list[Findings]
) -> None:
    rows.append(kill_the_holder(pair, demo_platform, kills=3))
    assert rows[-1].violations == []


def test_r38_one_deployment_serves_the_day(
    pair: Pair, demo_platform: DemoClient, rows: list[Findings]
) -> None:
    rows.append(daily_in_both(pair, demo_platform, ahead=60))
    assert rows[-1].violations == []
