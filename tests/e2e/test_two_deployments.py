"""Two deployments, one Redis: one service is never called twice at once (R37, R38)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from system_daemon.local.demo_client import DemoClient
from tests.deployment import Deployment
from tests.e2e.conftest import Deploy
from tests.experiments.two_deployments import (
    Pair,
    daily_in_both,
    kill_the_holder,
    share_a_service,
)

DUE_TIMES = 10
"""``make chaos`` watches 200."""


@pytest.fixture(scope="module")
def second(deploy: Deploy) -> Iterator[Deployment]:
    """Another Airflow with a database of its own, for as long as this file runs."""
    other = deploy()
    yield other
    other.stop()


@pytest.fixture
def pair(airflow: Deployment, second: Deployment) -> Pair:
    return airflow, second


def test_r37_never_two_calls_at_once_and_fencing_numbers_grow(
    pair: Pair, demo_platform: DemoClient
) -> None:
    assert share_a_service(pair, demo_platform, due_times=DUE_TIMES).violations == []


def test_r38_a_killed_holder_frees_the_lock_after_the_timeout(
    pair: Pair, demo_platform: DemoClient
) -> None:
    assert kill_the_holder(pair, demo_platform).violations == []


def test_r38_one_deployment_serves_the_day(pair: Pair, demo_platform: DemoClient) -> None:
    assert daily_in_both(pair, demo_platform, ahead=15).violations == []
