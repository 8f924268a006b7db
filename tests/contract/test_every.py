"""A fixed lapse as the scheduler, the calendar and a backfill ask for it (R6, R23)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import time_machine
from airflow.timetables.base import DagRunInfo, TimeRestriction
from pendulum import instance

from system_daemon.schedule.every import Every
from system_daemon.schedule.timetables import EveryTimetable
from tests.contract.scheduler import Scheduler

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun

DAG = "maintenance__sweep_up"
NINE = datetime(2027, 1, 10, 9, 0, tzinfo=UTC)
FREE = TimeRestriction(earliest=None, latest=None, catchup=False)
MINUTE = timedelta(minutes=1)

Configure = Callable[..., None]


@pytest.fixture
def configure(scheduler: Scheduler, tmp_path: Path) -> Configure:
    """Configures one task of the site's own, and no other schedule."""
    (tmp_path / "sweep_up.sql").write_text("-- nothing is run here\n")

    def written(*, frequency: float) -> None:
        task = {"name": "sweep_up", "sql": "sweep_up.sql", "frequency": frequency}
        text = json.dumps({"max_inactive_session_time": 1800, "tasks": [task]})
        (tmp_path / "settings.json").write_text('{"system_timezone": "UTC"}')
        (tmp_path / "maintenance.json").write_text(text)
        assert scheduler.parse("maintenance.py") == {}
        for dag_id in others(scheduler):
            scheduler.pause(dag_id, paused=True)

    return written


def others(scheduler: Scheduler) -> list[str]:
    from airflow.models.dag import DagModel
    from sqlalchemy import select

    with scheduler.session() as session:
        return [one for one in session.scalars(select(DagModel.dag_id)) if one != DAG]


def remember(scheduler: Scheduler, due: datetime, state: str = "success") -> None:
    from airflow.models.dagrun import DagRun

    scheduler.remember_run(DAG, due)
    with scheduler.session() as session:
        run = session.query(DagRun).one()
        run.state = state
        run.start_date = due
    scheduler.parse("maintenance.py")


def end(scheduler: Scheduler, state: str = "success") -> None:
    """Let the run that is at work end."""
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance

    with scheduler.session() as session:
        session.query(TaskInstance).update({"state": state})
        session.query(DagRun).update({"state": state, "end_date": datetime.now(UTC)})
    scheduler.parse("maintenance.py")


def created(scheduler: Scheduler) -> list[DagRun]:
    """The runs after the first."""
    return scheduler.runs()[1:]


def settle(scheduler: Scheduler) -> None:
    """Parses and passes enough for every run that could be created."""
    for _ in range(4):
        scheduler.parse("maintenance.py")
        scheduler.tick()


def test_a_fresh_task_runs_at_once_and_once(scheduler: Scheduler, configure: Configure) -> None:
    configure(frequency=300)
    settle(scheduler)
    (run,) = scheduler.runs()
    assert run.run_after <= datetime.now(UTC)


def test_r6_ticks_that_pass_while_a_run_is_at_work_become_one(
    scheduler: Scheduler, configure: Configure
) -> None:
    configure(frequency=300)
    started = datetime.now(UTC) - 17 * MINUTE
    remember(scheduler, started, state="running")
    settle(scheduler)
    assert created(scheduler) == [], "one run at a time"
    end(scheduler)
    scheduler.tick_until(lambda: created(scheduler), "the overdue run")
    end(scheduler)
    settle(scheduler)
    assert [run.run_after for run in created(scheduler)] == [started + 15 * MINUTE]


def test_r6_ticks_since_the_last_parse_belong_to_the_same_run(
    scheduler: Scheduler, configure: Configure
) -> None:
    from airflow.models.dag import DagModel

    configure(frequency=300)
    started = datetime.now(UTC) - 17 * MINUTE
    remember(scheduler, started)
    with scheduler.session() as session:  # as though the last parse was ten minutes ago
        model = session.get(DagModel, DAG)
        tick = started + 5 * MINUTE
        model.next_dagrun = model.next_dagrun_create_after = tick
        model.next_dagrun_data_interval_start = model.next_dagrun_data_interval_end = tick
    scheduler.tick_until(lambda: created(scheduler), "the overdue run")
    end(scheduler)
    settle(scheduler)
    assert [run.run_after for run in created(scheduler)] == [started + 15 * MINUTE]


def test_r6_ticks_that_pass_while_it_is_paused_become_one(
    scheduler: Scheduler, configure: Configure
) -> None:
    configure(frequency=60)
    last = datetime.now(UTC) - timedelta(days=3)
    remember(scheduler, last)
    scheduler.pause(DAG, paused=True)
    settle(scheduler)
    assert created(scheduler) == []
    scheduler.pause(DAG, paused=False)
    scheduler.tick_until(lambda: created(scheduler), "the overdue run")
    end(scheduler)
    settle(scheduler)
    (run,) = created(scheduler)
    assert (run.run_after - last) % MINUTE == timedelta(0)


def test_a_parse_between_the_due_time_and_the_scheduler_keeps_the_rhythm(
    scheduler: Scheduler, configure: Configure
) -> None:
    configure(frequency=300)
    last = datetime.now(UTC) - 5 * MINUTE - timedelta(seconds=3)
    remember(scheduler, last)
    settle(scheduler)
    assert [run.run_after for run in created(scheduler)] == [last + 5 * MINUTE]


def test_a_backfill_has_one_run_for_each_tick() -> None:
    quarter = TimeRestriction(
        earliest=instance(NINE), latest=instance(NINE + 15 * MINUTE), catchup=True
    )
    every, runs, last = EveryTimetable(Every(seconds=300)), [], None
    while last := every.next_dagrun_info_v2(last_dagrun_info=last, restriction=quarter):
        assert last.logical_date == last.run_after
        runs.append(last.run_after)
    assert runs == [NINE + ticks * 5 * MINUTE for ticks in range(4)]


def test_the_calendar_goes_from_tick_to_tick() -> None:
    every, last = EveryTimetable(Every(seconds=300)), DagRunInfo.exact(instance(NINE))
    with time_machine.travel(NINE + MINUTE, tick=False):
        for tick in (5, 10, 15):
            last = every.next_dagrun_info_v2(last_dagrun_info=last, restriction=FREE)
            assert last is not None
            assert last.run_after == NINE + tick * MINUTE


def test_it_keeps_between_the_dates_of_its_dag() -> None:
    week = TimeRestriction(
        earliest=instance(NINE), latest=instance(NINE + timedelta(days=7)), catchup=False
    )
    every = EveryTimetable(Every(seconds=300))
    with time_machine.travel(NINE - timedelta(days=1), tick=False):
        first = every.next_dagrun_info_v2(last_dagrun_info=None, restriction=week)
    assert first is not None
    assert first.run_after == NINE
    with time_machine.travel(NINE + timedelta(days=8), tick=False):
        assert every.next_dagrun_info_v2(last_dagrun_info=first, restriction=week) is None


def test_it_survives_the_way_through_airflows_database() -> None:
    one = EveryTimetable(Every(seconds=90))
    again = EveryTimetable.deserialize(one.serialize())
    assert again == one
    assert hash(again) == hash(one)
    assert (again.summary, again.description) == ("every 90 s", "every 90 seconds")
