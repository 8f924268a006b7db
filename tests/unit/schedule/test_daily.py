"""Daily: one run a local day, whatever the clocks do (R40, R41, R44), and what is due (R45).

The expected instants of the clock changes are written by hand, in UTC.
"""

from __future__ import annotations

import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from system_daemon.schedule.daily import FIRST_RUN_TOLERANCE, Daily

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def daily(at: str, zone: str) -> Daily:
    return Daily(time=time.fromisoformat(at), zone=ZoneInfo(zone))


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


RUNS = {
    "r41 with seconds": ("15:57:30", "UTC", {"2026-11-22": "2026-11-22T15:57:30Z"}),
    "r40 a zone of half hours": (
        "15:57",
        "Asia/Kolkata",
        {"2026-11-22": "2026-11-22T10:27Z", "2026-11-23": "2026-11-23T10:27Z"},
    ),
    "r44 Madrid, spring 2026: 02:30 runs at 03:30": (
        "02:30",
        "Europe/Madrid",
        {
            "2026-03-28": "2026-03-28T01:30Z",
            "2026-03-29": "2026-03-29T01:30Z",
            "2026-03-30": "2026-03-30T00:30Z",
        },
    ),
    "r44 Madrid, autumn 2026: the second 02:30": (
        "02:30",
        "Europe/Madrid",
        {
            "2026-10-24": "2026-10-24T00:30Z",
            "2026-10-25": "2026-10-25T01:30Z",
            "2026-10-26": "2026-10-26T01:30Z",
        },
    ),
    "r44 Madrid, spring 2027: 02:30 runs at 03:30": (
        "02:30",
        "Europe/Madrid",
        {
            "2027-03-27": "2027-03-27T01:30Z",
            "2027-03-28": "2027-03-28T01:30Z",
            "2027-03-29": "2027-03-29T00:30Z",
        },
    ),
    "r44 Madrid, autumn 2027: the second 02:30": (
        "02:30",
        "Europe/Madrid",
        {
            "2027-10-30": "2027-10-30T00:30Z",
            "2027-10-31": "2027-10-31T01:30Z",
            "2027-11-01": "2027-11-01T01:30Z",
        },
    ),
    "r44 São Paulo skipped midnight: 00:30 runs at 01:30": (
        "00:30",
        "America/Sao_Paulo",
        {
            "2018-11-03": "2018-11-03T03:30Z",
            "2018-11-04": "2018-11-04T03:30Z",
            "2018-11-05": "2018-11-05T02:30Z",
        },
    ),
    "r44 Lord Howe skips half an hour: 02:15 runs at 02:45": (
        "02:15",
        "Australia/Lord_Howe",
        {
            "2026-10-03": "2026-10-02T15:45Z",
            "2026-10-04": "2026-10-03T15:45Z",
            "2026-10-05": "2026-10-04T15:15Z",
        },
    ),
    "r44 Lord Howe repeats half an hour: the second 01:45": (
        "01:45",
        "Australia/Lord_Howe",
        {
            "2026-04-04": "2026-04-03T14:45Z",
            "2026-04-05": "2026-04-04T15:15Z",
            "2026-04-06": "2026-04-05T15:15Z",
        },
    ),
    "r44 Apia had no 30 December 2011": (
        "12:00",
        "Pacific/Apia",
        {
            "2011-12-29": "2011-12-29T22:00Z",
            "2011-12-30": None,
            "2011-12-31": "2011-12-30T22:00Z",
        },
    ),
    "r44 Nuuk skipped the hour before midnight: 23:30 runs at 00:30": (
        "23:30",
        "America/Nuuk",
        {
            "2024-03-29": "2024-03-30T01:30Z",
            "2024-03-30": "2024-03-31T01:30Z",
            "2024-03-31": "2024-04-01T00:30Z",
        },
    ),
}


@pytest.mark.parametrize(("at", "zone", "days"), RUNS.values(), ids=RUNS.keys())
def test_r44_the_run_of_each_day(at: str, zone: str, days: dict[str, str | None]) -> None:
    plan = daily(at, zone)
    expected = {day: run and instant(run) for day, run in days.items()}
    assert {day: plan.on(date.fromisoformat(day)) for day in days} == expected

    runs = [run for run in expected.values() if run]
    for earlier, later in pairwise(runs):
        assert plan.next_after(earlier) == later
        assert plan.next_after(later - SECOND) == later
        assert plan.latest_until(later - SECOND) == earlier
        assert plan.latest_until(later) == later


def test_r44_the_second_half_past_two_is_not_run_twice() -> None:
    plan = daily("02:30", "Europe/Madrid")
    first, second = instant("2026-10-25T00:30Z"), instant("2026-10-25T01:30Z")
    assert plan.latest_until(first) == instant("2026-10-24T00:30Z")
    assert plan.next_after(first) == second
    assert plan.next_after(second) == instant("2026-10-26T01:30Z")


def test_r44_a_skipped_hour_runs_as_much_later_as_the_clocks_were_moved() -> None:
    run = daily("02:30", "Europe/Madrid").on(date(2027, 3, 28))
    assert run is not None
    assert run.astimezone(ZoneInfo("Europe/Madrid")).isoformat() == "2027-03-28T03:30:00+02:00"


def test_runs_are_in_utc() -> None:
    run = daily("15:57", "Europe/Madrid").next_after(instant("2026-11-22T00:00+05:30"))
    assert run.tzinfo is UTC


def test_r44_the_next_run_is_later_even_when_asked_at_the_run() -> None:
    plan = daily("15:57", "UTC")
    at = instant("2026-11-22T15:57Z")
    assert plan.next_after(at) == at + timedelta(days=1)
    assert plan.next_after(at - timedelta(microseconds=1)) == at
    assert plan.latest_until(at) == at
    assert plan.latest_until(at - timedelta(microseconds=1)) == at - timedelta(days=1)


TODAY = instant("2026-11-22T15:57Z")
TOMORROW, YESTERDAY = TODAY + 24 * HOUR, TODAY - 24 * HOUR


@pytest.mark.parametrize(
    ("now", "last", "grace", "due"),
    [
        pytest.param(TODAY - 6 * HOUR, None, HOUR, TODAY, id="fresh, before its time"),
        pytest.param(TODAY, None, HOUR, TODAY, id="fresh, at its time"),
        pytest.param(TODAY + FIRST_RUN_TOLERANCE, None, HOUR, TODAY, id="fresh, just missed"),
        pytest.param(
            TODAY + 31 * SECOND, None, HOUR, TOMORROW, id="fresh, never for a past one"
        ),
        pytest.param(TODAY + HOUR, None, 48 * HOUR, TOMORROW, id="fresh, whatever the grace"),
        pytest.param(TODAY - HOUR, YESTERDAY, HOUR, TODAY, id="ran yesterday"),
        pytest.param(TODAY, YESTERDAY, HOUR, TODAY, id="ran yesterday, at its time"),
        pytest.param(TODAY + HOUR, YESTERDAY, HOUR, TODAY, id="missed, within the grace"),
        pytest.param(TODAY + HOUR + SECOND, YESTERDAY, HOUR, TOMORROW, id="missed, beyond it"),
        pytest.param(TODAY + 20 * SECOND, YESTERDAY, 0 * HOUR, TODAY, id="no grace, tolerance"),
        pytest.param(TODAY + 31 * SECOND, YESTERDAY, 0 * HOUR, TOMORROW, id="no grace"),
        pytest.param(TODAY + HOUR, TODAY - 240 * HOUR, HOUR, TODAY, id="down for days: one run"),
        pytest.param(TODAY + SECOND, TODAY, HOUR, TOMORROW, id="ran today"),
        pytest.param(TODAY - HOUR, TODAY, HOUR, TOMORROW, id="ran today, by a clock ahead"),
        pytest.param(TODAY, TODAY - HOUR, HOUR, TODAY, id="the time was moved later today"),
    ],
)  # fmt: skip
def test_r45_what_is_due(
    now: datetime, last: datetime | None, grace: timedelta, due: datetime
) -> None:
    assert daily("15:57", "UTC").due(now=now, last=last, grace=grace) == due


zones = st.sampled_from(sorted(zoneinfo.available_timezones() - {"localtime", "Factory"}))
plans = st.builds(
    Daily,
    time=st.times().map(lambda at: at.replace(microsecond=0, fold=0)),
    zone=zones.map(ZoneInfo),
)
instants = st.datetimes(datetime(1972, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@settings(deadline=None, max_examples=300)
@given(plans, instants)
def test_r44_next_and_latest_are_each_others_inverse(plan: Daily, at: datetime) -> None:
    following = plan.next_after(at)
    assert following > at
    assert plan.latest_until(following) == following
    assert plan.latest_until(following - timedelta(microseconds=1)) <= at
    assert plan.next_after(plan.latest_until(at)) == following


def exists(day: date, zone: ZoneInfo) -> bool:
    hours = (datetime.combine(day, time(hour), tzinfo=zone) for hour in range(24))
    return any(hour.astimezone(UTC).astimezone(zone).date() == day for hour in hours)


def days_of(first: datetime, zone: ZoneInfo, count: int) -> list[date]:
    start = first.astimezone(zone).date()
    days = (start + timedelta(days=number) for number in range(count))
    return [day for day in days if exists(day, zone)]


@settings(deadline=None, max_examples=200)
@given(plans, instants, st.integers(2, 40))
def test_r44_exactly_one_run_for_each_day_that_a_zone_had(
    plan: Daily, first: datetime, count: int
) -> None:
    days = days_of(first, plan.zone, count)
    runs = [run for day in days if (run := plan.on(day))]
    assert len(runs) == len(days)
    assert runs == sorted(set(runs))
    assert [plan.next_after(run) for run in runs[:-1]] == runs[1:]
    for day, run in zip(days, runs, strict=True):
        local = run.astimezone(plan.zone).replace(tzinfo=None)
        wanted = datetime.combine(day, plan.time)
        if local != wanted:  # only because there was no such time that day
            there = wanted.replace(tzinfo=plan.zone).astimezone(UTC).astimezone(plan.zone)
            assert there.replace(tzinfo=None) != wanted
            assert timedelta() < local - wanted < timedelta(hours=24)


@settings(deadline=None, max_examples=100)
@given(st.times().map(lambda at: at.replace(microsecond=0, fold=0)), st.sampled_from([
    ("Pacific/Apia", date(2011, 12, 30)), ("Pacific/Fakaofo", date(2011, 12, 30)),
    ("Pacific/Kwajalein", date(1993, 8, 21)), ("Pacific/Enderbury", date(1994, 12, 31)),
]))  # fmt: skip
def test_r44_a_day_that_a_zone_skipped_whole_has_no_run(
    at: time, skipped: tuple[str, date]
) -> None:
    zone, day = skipped
    plan = Daily(time=at, zone=ZoneInfo(zone))
    assert plan.on(day) is None
    before, after = plan.on(day - timedelta(days=1)), plan.on(day + timedelta(days=1))
    assert before is not None
    assert plan.next_after(before) == after


@settings(deadline=None, max_examples=300)
@given(
    plans,
    instants,
    st.none() | st.timedeltas(timedelta(days=-3), timedelta(days=1)),
    st.timedeltas(timedelta(), timedelta(days=2)),
)
def test_r45_the_due_rules_hold_at_every_instant(
    plan: Daily, now: datetime, since: timedelta | None, grace: timedelta
) -> None:
    last = None if since is None else plan.latest_until(now + since)
    due = plan.due(now=now, last=last, grace=grace)
    assert plan.latest_until(due) == due  # always a run of the plan
    if last is None:
        assert due >= now - FIRST_RUN_TOLERANCE
    else:
        assert due > last
        assert due >= now - max(grace, FIRST_RUN_TOLERANCE)
    if due > now:
        assert due == plan.next_after(max(now, last or now))
    else:
        assert due == plan.latest_until(now)  # never a backlog
