"""What a daily run says of the due times before it (R45)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from system_daemon.schedule.daily import Daily
from system_daemon.services.missed import say_what_was_missed

PLAN = Daily(time=time(3, 0), zone=ZoneInfo("Europe/Madrid"))
DUE = datetime(2027, 1, 10, 2, 0, tzinfo=UTC)
LOG = logging.getLogger(__name__)


def said(
    caplog: pytest.LogCaptureFixture, count: Callable[[datetime], int], *, late: timedelta
) -> list[str]:
    with time_machine.travel(DUE + late, tick=False):
        say_what_was_missed(PLAN, DUE, count, LOG)
    return [record.getMessage() for record in caplog.records]


def test_nothing_when_all_is_well(caplog: pytest.LogCaptureFixture) -> None:
    assert said(caplog, lambda _: 1, late=timedelta(seconds=2)) == []


def test_nothing_of_the_past_of_a_new_service(caplog: pytest.LogCaptureFixture) -> None:
    assert said(caplog, lambda _: 0, late=timedelta(seconds=2)) == []


def test_a_late_start_is_named(caplog: pytest.LogCaptureFixture) -> None:
    (line,) = said(caplog, lambda _: 1, late=timedelta(minutes=25, seconds=12))
    assert line.startswith("this run starts 25 minutes late")


def test_missed_due_times_are_counted_and_the_first_is_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    last = DUE - timedelta(days=4)
    (line,) = said(caplog, lambda due: int(due == last), late=timedelta())
    assert line.startswith("3 due times before this one did not take place")
    assert "the first at 2027-01-07T03:00:00+01:00" in line


def test_what_cannot_be_found_out_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: datetime) -> int:
        raise ConnectionError("a value nobody should read")

    lines = said(caplog, broken, late=timedelta())
    assert lines == ["could not find out which runs were missed (ConnectionError)"]
