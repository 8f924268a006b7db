"""The model of a queue at full length; it leaves a row in `docs/chaos.md`."""

from __future__ import annotations

import pytest

from tests.experiments.findings import Findings
from tests.integration.jobs.queue_model import walk

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(3600)]


def test_anything_in_any_order_leaves_a_job_in_exactly_one_place(
    redis_url: str, rows: list[Findings]
) -> None:
    found = Findings(experiment="consumers, PHP, an operator and a reaper at random", unit="steps")
    rows.append(found)
    try:
        found.count = walk(redis_url, 10_000)
    except BaseException as error:
        found.violations.append(f"{type(error).__name__} in a step; the test says which")
        raise
    found.notes.append("after each step every job was in exactly one place")
