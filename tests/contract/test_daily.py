"""The daily timetable as the scheduler, the calendar and a backfill ask it (R41, R44, R45)."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from airflow.timetables.base import DagRunInfo, TimeRestriction
from pendulum import instance

from system_daemon.schedule.daily import Daily
from system_daemon.schedule.timetables import DailyTimetable
from tests.contract.scheduler import Scheduler

MADRID = ZoneInfo("Europe/Madrid")
FREE = TimeRestriction(earliest=None, latest=None, catchup=False)
GRACE = timedelta(hours=1)


def timetable(at: str = "15:57", zone: ZoneInfo = MADRID) -> DailyTimetable:
    return DailyTimetable(Daily(time=time.fromisoformat(at), zone=zone), grace=GRACE)


def local(text: str, zone: ZoneInfo = MADRID) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def next_due(now: str, *, last: str | None, restriction: TimeRestriction = FREE) -> datetime:
    run = DagRunInfo.exact(instance(local(last))) if last else None
    with time_machine.travel(local(now), tick=False):
        info = timetable().next_dagrun_info_v2(last_dagrun_info=run, restriction=restriction)
    assert info is not None
    assert info.logical_date == info.run_after
    return info.run_after


@pytest.mark.parametrize(
    ("now", "last", "due"),
    [
        ("2027-01-10 10:00", None, "2027-01-10 15:57"),
        ("2027-01-10 16:30", None, "2027-01-11 15:57"),
        ("2027-01-10 15:57:20", None, "2027-01-10 15:57"),
        ("2027-01-10 10:00", "2027-01-09 15:57", "2027-01-10 15:57"),
        ("2027-01-10 16:56", "2027-01-09 15:57", "2027-01-10 15:57"),
        ("2027-01-10 16:58", "2027-01-09 15:57", "2027-01-11 15:57"),
        ("2027-01-10 10:00", "2027-01-05 15:57", "2027-01-10 15:57"),
        ("2027-01-10 16:00", "2027-01-10 15:57", "2027-01-11 15:57"),
    ],
    ids=[
        "unpaused at 10:00 it runs today",
        "a fresh service never runs for a past time",
        "a parse just after the due time does not lose the first run",
        "as usual",
        "a missed run within the grace runs late",
        "a missed run beyond the grace waits for tomorrow",
        "after days of pause only the next one",
        "once a day",
    ],
)
def test_r45_when_the_next_run_is_due(now: str, last: str | None, due: str) -> None:
    assert next_due(now, last=last) == local(due)


def test_a_backfill_has_one_run_for_each_day() -> None:
    three_days = TimeRestriction(
        earliest=instance(local("2027-03-27 02:30")),
        latest=instance(local("2027-03-29 23:00")),
        catchup=True,
    )
    at_night, runs, last = timetable("02:30"), [], None
    while last := at_night.next_dagrun_info_v2(last_dagrun_info=last, restriction=three_days):
        runs.append(last.run_after)
    assert runs == [
        local("2027-03-27 02:30"),
        local("2027-03-28 03:30"),
        local("2027-03-29 02:30"),
    ]


def test_it_survives_the_way_through_airflows_database() -> None:
    one = DailyTimetable(Daily(time=time(2, 30, 15), zone=MADRID), grace=GRACE)
    again = DailyTimetable.deserialize(one.serialize())
    assert again == one
    assert again.summary == "daily 02:30:15 Europe/Madrid"


def test_the_scheduler_starts_a_missed_run_late_and_only_once(scheduler: Scheduler) -> None:
    due = datetime.now(UTC) - timedelta(minutes=10)  # relative to the database's own clock
    yesterday = due - timedelta(days=1)
    plan = {"period": "daily", "time": f"{due:%H:%M:%S}", "timezone": "UTC"}
    scheduler.configure(
        [{"name": "a", "endpoint": "http://127.0.0.1:9/", "timeout": 5, "execution_plan": plan}]
    )
    scheduler.parse()
    scheduler.tick()
    assert scheduler.runs() == [], "a fresh service never runs for a past time"
    scheduler.remember_run("service__a", yesterday.replace(microsecond=0))
    scheduler.parse()
    scheduler.tick_until(scheduler.calls, "the late run")
    for _ in range(3):
        scheduler.parse()
        scheduler.tick()
    late = [run for run in scheduler.runs() if run.state == "running"]
    assert [run.run_after for run in late] == [due.replace(microsecond=0)]
