"""Short versions of experiments that `make chaos` makes whole; real processes, real servers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from system_daemon.local.ports import free_port
from tests.experiments.clinic_database import MortalPostgres
from tests.experiments.held_rows import hold_rows
from tests.experiments.sweep_kills import kill_postgres, kill_the_sweep
from tests.servers import PASSWORD

SEED = 20260


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[MortalPostgres]:
    folder = tmp_path / "postgres"
    folder.mkdir()
    server = MortalPostgres(folder, port=free_port(), password=PASSWORD, log=folder / "log")
    server.start()
    yield server
    server.stop()


def test_a_killed_postgresql_loses_no_batch_and_halves_none(postgres: MortalPostgres) -> None:
    found = kill_postgres(postgres, tasks=10_000, batch_size=5, kills=2, seed=SEED)
    assert found.violations == []
    assert found.count == 2


def test_a_killed_sweep_is_finished_by_the_next_one(
    postgres: MortalPostgres, tmp_path: Path
) -> None:
    found = kill_the_sweep(postgres.url(), tmp_path, tasks=10_000, batch_size=5, kills=2, seed=SEED)
    assert found.violations == []


def test_rows_that_others_hold_stop_no_task(postgres: MortalPostgres) -> None:
    found = hold_rows(postgres.url(), tasks=10_000, batch_size=100)
    assert found.count == 8
    assert found.violations == []
