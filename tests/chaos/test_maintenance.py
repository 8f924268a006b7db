"""The experiments with maintenance at full length; each leaves a row in `docs/chaos.md`."""

from __future__ import annotations

import pytest

from tests.experiments.clinic_database import MortalPostgres
from tests.experiments.findings import Findings
from tests.experiments.held_rows import hold_rows
from tests.experiments.sweep_kills import kill_postgres, kill_the_sweep

SEED = 20260
TASKS = 200_000

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(3600)]


def test_a_postgresql_killed_20_times_loses_no_batch_and_halves_none(
    mortal_postgres: MortalPostgres, rows: list[Findings]
) -> None:
    found = kill_postgres(mortal_postgres, tasks=TASKS, batch_size=20, kills=20, seed=SEED)
    rows.append(found)
    assert found.violations == []


def test_a_sweep_killed_20_times_is_finished_by_the_next_one(
    mortal_postgres: MortalPostgres, rows: list[Findings]
) -> None:
    found = kill_the_sweep(mortal_postgres.url(), tasks=TASKS, batch_size=20, kills=20, seed=SEED)
    rows.append(found)
    assert found.violations == []


def test_rows_that_others_hold_stop_no_task(
    mortal_postgres: MortalPostgres, rows: list[Findings]
) -> None:
    found = hold_rows(mortal_postgres.url(), tasks=TASKS, batch_size=1000)
    rows.append(found)
    assert found.violations == []
