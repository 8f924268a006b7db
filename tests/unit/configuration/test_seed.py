"""The original document's own example, byte for byte (R32)."""

from __future__ import annotations

from datetime import time

import pytest

from system_daemon.configuration.entries import Entries
from system_daemon.configuration.php import read_php
from tests.unit.configuration.samples import SEED_JSON, SEED_PHP, lines, read_text

WARNINGS = [
    "warning line 1, column 72: expected a comma here, got none; read as if it were there",
    'warning [0].execution_plan.intervals: expected intervals only with "period": "interval",'
    " got them in a daily plan, where they have no effect",
]


def test_the_example_is_the_one_that_lacks_a_comma() -> None:
    assert SEED_PHP.count(SEED_JSON) == 1
    assert SEED_JSON[:71].endswith(b'"Import patients from HIS"')
    assert SEED_JSON[71:].startswith(b' "endpoint"')


@pytest.fixture(params=["json", "php"])
def seed(request: pytest.FixtureRequest) -> Entries:
    return read_text(SEED_JSON if request.param == "json" else read_php(SEED_PHP).text)


def test_r32_the_example_loads_with_exactly_two_warnings(seed: Entries) -> None:
    assert lines(seed) == WARNINGS
    assert not seed.unreadable


def test_r39_r40_r41_the_example_means_what_it_says(seed: Entries) -> None:
    (service,) = seed.services
    assert service.dag_id == "service__import_patients"
    assert service.description == "Import patients from HIS"
    assert service.endpoint == "https://service_endpoint"
    assert service.parameters == {}
    assert service.timeout == 300
    assert service.allow_concurrency is False
    assert service.execution_plan.period == "daily"
    assert service.execution_plan.timezone == "Europe/Madrid"
    assert service.daily_time() == time(15, 57)


def test_r31_places_are_those_of_the_php_file() -> None:
    at = SEED_PHP.index(SEED_JSON)
    assert read_php(SEED_PHP).in_php(1, 72) == (1, 72 + at)
