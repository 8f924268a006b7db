"""The task in a worker's process: what it leaves, and how its failures are told to Airflow."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from system_daemon.configuration.loading import Configuration
from system_daemon.maintenance.operator import RunSweep
from system_daemon.metrics import Metrics
from tests.integration.maintenance_run.letters import connect, put

PAST = datetime(2026, 1, 1, tzinfo=UTC)
PARAMS = {"dry_run": False, "as_of": None, "batch_size": None, "allow_more": False}


class Left(SimpleNamespace):
    """A task instance that keeps what is left as XComs."""

    def __init__(self) -> None:
        super().__init__(xcoms={})

    def xcom_push(self, key: str, value: object) -> None:
        self.xcoms[key] = value


def execute(operator: RunSweep, run_type: str = "manual", **params: Any) -> dict[str, Any]:
    instance = Left()
    run = SimpleNamespace(run_type=run_type, logical_date=PAST)
    context: Any = {"params": PARAMS | params, "dag_run": run, "ti": instance}
    # Airflow lets nobody but a task runner call execute itself.
    RunSweep.execute.__wrapped__(operator, context)
    return dict(instance.xcoms)


@pytest.fixture
def operator() -> RunSweep:
    return RunSweep(task_id="sweep", maintenance_task="letters")


def test_counts_and_outcome_are_left(
    deployed: Configuration, platform: psycopg.Connection, operator: RunSweep
) -> None:
    put(platform, 1, 2, 3)
    nothing_left = {"left": None, "rows_left": 0}
    assert execute(operator) == {
        "counts": {"letters_sent": 3},
        "outcome": "success",
        **nothing_left,
    }
    assert execute(operator) == {
        "counts": {"letters_sent": 0},
        "outcome": "idle",
        **nothing_left,
    }


def test_the_brake_and_wrong_params_are_not_tried_again(
    deployed: Configuration, platform: psycopg.Connection, operator: RunSweep
) -> None:
    put(platform, *range(5))
    with pytest.raises(AirflowFailException, match="allow_more"):
        execute(operator)
    with pytest.raises(AirflowFailException, match="not in the future"):
        execute(operator, as_of="9999-01-01T00:00:00Z")


def test_a_database_that_is_away_is_tried_again(
    deployed: Configuration, monkeypatch: pytest.MonkeyPatch, operator: RunSweep
) -> None:
    connect(monkeypatch, "postgres", "postgresql://u:p@127.0.0.1:1/letters")
    with pytest.raises(AirflowException) as failed:
        execute(operator)
    assert not isinstance(failed.value, AirflowFailException)


def test_a_task_that_is_gone_says_where_to_look(deployed: Configuration) -> None:
    gone = RunSweep(task_id="sweep", maintenance_task="gone")
    with pytest.raises(AirflowFailException, match='a valid task "gone"'):
        execute(gone)


def test_a_task_that_airflow_stops_goes_on_in_its_next_try(
    deployed: Configuration, platform: psycopg.Connection, operator: RunSweep
) -> None:
    put(platform, 1, 2)
    operator.on_kill()
    with pytest.raises(AirflowException, match="the next try goes on"):
        execute(operator)
    assert platform.execute("SELECT count(*) FROM letter WHERE sent").fetchall() == [(0,)]


@pytest.mark.parametrize("run_type", ["backfill", "scheduled", "manual"])
def test_only_a_backfill_acts_as_of_its_logical_date(
    deployed: Configuration, platform: psycopg.Connection, operator: RunSweep, run_type: str
) -> None:
    put(platform, 1)
    execute(operator, run_type=run_type)
    ((moment,),) = platform.execute("SELECT moment FROM letter").fetchall()
    assert (moment == PAST) is (run_type == "backfill")


def test_what_was_done_before_a_failure_is_measured_too(
    deployed: Configuration,
    platform: psycopg.Connection,
    operator: RunSweep,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stats = Mock()
    monkeypatch.setattr("system_daemon.maintenance.operator.in_worker", lambda: Metrics(stats))
    put(platform, 1, 2, 3)
    platform.execute("ALTER TABLE letter ADD CHECK (id <> 3 OR NOT sent)")
    with pytest.raises(AirflowFailException, match=r"CheckViolation \(23514\)"):
        execute(operator)
    tags = {"task": "letters", "counted": "letters_sent"}
    stats.incr.assert_called_once_with("system_daemon.maintenance.rows", 2, tags=tags)
