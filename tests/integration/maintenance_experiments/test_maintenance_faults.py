"""Short versions of experiments that `make chaos` makes whole; real processes, real servers."""

from __future__ import annotations

from tests.experiments.clinic_database import MortalPostgres
from tests.experiments.held_rows import hold_rows
from tests.experiments.sweep_kills import kill_postgres, kill_the_sweep

SEED = 20260


def test_a_killed_postgresql_loses_no_batch_and_halves_none(
    mortal_postgres: MortalPostgres,
) -> None:
    found = kill_postgres(mortal_postgres, tasks=10_000, batch_size=5, kills=2, seed=SEED)
    assert found.violations == []
    assert found.count == 2


def test_a_killed_sweep_is_finished_by_the_next_one(mortal_postgres: MortalPostgres) -> None:
    found = kill_the_sweep(mortal_postgres.url(), tasks=10_000, batch_size=5, kills=2, seed=SEED)
    assert found.violations == []


def test_rows_that_others_hold_stop_no_task(mortal_postgres: MortalPostgres) -> None:
    found = hold_rows(mortal_postgres.url(), tasks=10_000, batch_size=100)
    assert found.count == 8
    assert found.violations == []
