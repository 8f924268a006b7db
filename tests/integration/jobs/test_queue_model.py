"""Anything may happen to a queue; `make chaos` takes 10,000 steps."""

from __future__ import annotations

import pytest

from tests.integration.jobs.queue_model import walk


@pytest.mark.timeout(900)
def test_a_job_is_always_in_exactly_one_place(redis_url: str) -> None:
    assert walk(redis_url, 700) >= 700
