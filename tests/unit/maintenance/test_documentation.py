"""What a task's DAG says of itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from pathlib import Path

import pytest

from system_daemon.configuration.maintenance import Brake, Maintenance
from system_daemon.configuration.maintenance_tasks import MaintenanceTask
from system_daemon.maintenance.words import brake, documentation

TASK = MaintenanceTask(
    name="letters",
    description="Archives letters.",
    frequency=None,
    daily_time=time(4, 0),
    timezone="Europe/Madrid",
    missed_run_grace=3600,
    sql_file=Path("/somewhere/letters.sql"),
    batch_size=1000,
    max_rows=5000,
    deadline=600,
    lock_timeout=1,
    statement_timeout=60,
    brake=None,
)


def test_when_and_how_much() -> None:
    page = documentation(TASK, Maintenance())
    assert page.startswith("Archives letters.\n")
    assert (
        "Runs every day at 04:00 (Europe/Madrid). A run that was missed starts up to 1 hour" in page
    )
    assert "a run ends after 5,000 rows or 10 minutes" in page
    assert "`letters.sql`" in page
    assert "/somewhere" not in page
    assert "allow_more" not in page


def test_a_task_without_a_schedule() -> None:
    page = documentation(replace(TASK, daily_time=None), Maintenance())
    assert "Runs only when a job or a person asks for it." in page


def test_a_destructive_task_says_how_its_brake_lets_it_pass() -> None:
    page = documentation(replace(TASK, brake=Brake()), Maintenance())
    assert "fails before its first change. Look at what it found, then trigger the DAG with" in page


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"max_rows": 5, "times_median": None}, "more than 5 rows fails"),
        ({"max_rows": None, "times_median": 3}, "more than 3 times the median of its last 30 runs"),
        ({"max_rows": None, "times_median": None}, "No brake"),
    ],
)
def test_the_brake_in_words(limits: dict[str, float | None], words: str) -> None:
    assert words in brake(replace(TASK, brake=Brake(**limits)))
