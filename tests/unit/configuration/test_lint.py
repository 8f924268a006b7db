"""Warnings: what loads, but perhaps does not do what its writer thinks."""

from __future__ import annotations

from typing import Any

import pytest

from system_daemon.configuration.settings import Settings
from tests.unit.configuration.samples import daily, interval, intervals, lines, plan, read, without

SHORT = "expected 5 seconds or more, got {}; Airflow itself takes a second or two between runs"
ONCE = "it runs once that day all the same"
WARNED: dict[str, tuple[dict[str, Any], str]] = {
    "r36 no timeout": (
        without(daily(), "timeout"),
        ".timeout: expected a timeout in seconds, got none; 300 is used",
    ),
    "r40 no zone": (
        daily(execution_plan={"period": "daily", "time": "15:57"}),
        ".execution_plan.timezone: expected a time zone, got none; UTC is used (system_timezone)",
    ),
    "r40 zone of null": (
        plan(timezone=None),
        ".execution_plan.timezone: expected a time zone, got none; UTC is used (system_timezone)",
    ),
    "r42 intervals in a daily plan": (
        plan(intervals={}),
        '.execution_plan.intervals: expected intervals only with "period": "interval", got them in'
        " a daily plan, where they have no effect",
    ),
    "r42 zero": (
        intervals(on_idle=0),
        f".execution_plan.intervals.on_idle: {SHORT.format(0)}",
    ),
    "r42 short": (
        intervals(on_success=4.5),
        f".execution_plan.intervals.on_success: {SHORT.format(4.5)}",
    ),
    "r44 skipped or repeated": (
        plan(time="02:30"),
        ".execution_plan.time: expected a time that every day has once, got 02:30, which does not"
        f" exist or comes twice when the clocks change in Europe/Madrid; {ONCE}",
    ),
    "r44 repeated only": (
        plan(time="01:45", timezone="Australia/Lord_Howe"),
        ".execution_plan.time: expected a time that every day has once, got 01:45, which comes"
        f" twice when the clocks change in Australia/Lord_Howe; {ONCE}",
    ),
}


@pytest.mark.parametrize(("entry", "warning"), WARNED.values(), ids=WARNED.keys())
def test_what_is_warned_of_and_in_which_words(entry: dict[str, Any], warning: str) -> None:
    entries = read(entry)
    assert len(entries.services) == 1
    assert lines(entries) == [f"warning [0]{warning}"]


def test_r40_r41_zone_and_time_have_no_effect_in_an_interval_plan() -> None:
    entry = interval()
    entry["execution_plan"] |= {"timezone": "Europe/Madrid", "time": "02:30"}
    assert lines(read(entry)) == [
        f'warning [0].execution_plan.{key}: expected {key} only with "period": "daily", got it in'
        " an interval plan, where it has no effect"
        for key in ("timezone", "time")
    ]


@pytest.mark.parametrize("written", [{}, {"intervals": {}}])
def test_r42_each_missing_interval_is_300_seconds(written: dict[str, Any]) -> None:
    entries = read(daily(execution_plan={"period": "interval", **written}))
    (service,) = entries.services
    assert set(service.execution_plan.intervals.model_dump().values()) == {300}
    assert lines(entries) == [
        f"warning [0].execution_plan.intervals.{key}: expected seconds, got nothing; 300 is used"
        for key in ("on_timeout", "on_idle", "on_success", "on_error")
    ]


def test_r42_five_seconds_are_enough() -> None:
    assert lines(read(intervals(on_success=5))) == []


@pytest.mark.parametrize("time", ["01:59:59", "03:00"])
def test_r44_times_beside_the_change_are_no_problem(time: str) -> None:
    assert lines(read(plan(time=time))) == []


def test_r34_a_host_that_is_not_allowed_is_told_before_it_is_called() -> None:
    settings = Settings(allowed_hosts=("Other.example",))
    assert lines(read(daily(), settings=settings)) == [
        "warning [0].endpoint: expected one of the allowed_hosts in settings.json, got"
        ' "his.example"; until it is added there, every call ends in error without being sent'
    ]
    allowed = daily(endpoint="https://OTHER.example.:8443/x")
    assert lines(read(allowed, settings=settings)) == []
