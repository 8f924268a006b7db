"""Anything may happen to a queue; `CHAOS=1` takes 10,000 steps."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.integration.jobs.queue_model import QueueModel

_WHOLE = os.environ.get("CHAOS") == "1"
_STEPS = 10_000 if _WHOLE else 700


@pytest.mark.timeout(1800 if _WHOLE else 900)
def test_a_job_is_always_in_exactly_one_place(redis_url: str) -> None:
    class OnThisRedis(QueueModel):
        url = redis_url

    QueueModel.steps = 0
    while QueueModel.steps < _STEPS:
        run_state_machine_as_test(
            OnThisRedis,
            settings=settings(
                max_examples=20,
                stateful_step_count=50,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
