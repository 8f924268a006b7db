"""Schedules in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from system_daemon.schedule.after_run import AfterRun
from system_daemon.schedule.daily import Daily
from system_daemon.schedule.every import Every
from system_daemon.schedule.words import brief, duration, in_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (0.5, "0.5 seconds"),
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "1 minute"),
        (90, "90 seconds"),
        (300, "5 minutes"),
        (3600, "1 hour"),
        (5400, "90 minutes"),
        (7200, "2 hours"),
        (86400, "1 day"),
        (604800, "7 days"),
        (1_000_001, "1000001 seconds"),
        (31_622_399, "31622399 seconds"),
        (3600.5, "3600.5 seconds"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (time(15, 57), "every day at 15:57 (Europe/Madrid)"),
        (time(0, 0), "every day at 00:00 (Europe/Madrid)"),
        (time(9, 5, 7), "every day at 09:05:07 (Europe/Madrid)"),
    ],
)
def test_daily_plans(at: time, words: str) -> None:
    assert in_words(Daily(time=at, zone=ZoneInfo("Europe/Madrid"))) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (60, "every minute"),
        (300, "every 5 minutes"),
        (3600, "every hour"),
        (90, "every 90 seconds"),
        (1, "every second"),
    ],
)
def test_lapses(seconds: float, words: str) -> None:
    assert in_words(Every(seconds=seconds)) == words


def test_waits_that_differ_are_told_one_by_one() -> None:
    plan = AfterRun(on_timeout=300, on_idle=120, on_success=10, on_error=30)
    assert in_words(plan) == (
        "after each run ended: 10 seconds after success, 2 minutes after idle, 30 seconds after"
        " error, 5 minutes after timeout"
    )


def test_equal_waits_are_told_once() -> None:
    plan = AfterRun(on_timeout=60, on_idle=60, on_success=60, on_error=60)
    assert in_words(plan) == "1 minute after each run ended"


def test_a_table_gets_few_words() -> None:
    plan = AfterRun(on_timeout=1_000_001, on_idle=120, on_success=0.5, on_error=30)
    assert brief(plan) == "after success 0.5 s, idle 120 s, error 30 s, timeout 1000001 s"
    assert brief(Daily(time=time(15, 57), zone=ZoneInfo("UTC"))) == "daily 15:57 UTC"
    assert brief(Every(seconds=300)) == "every 300 s"


@pytest.mark.parametrize("words", [in_words, brief])
def test_anything_else_is_no_schedule(words: Callable[[Any], str]) -> None:
    with pytest.raises(AssertionError, match="unreachable"):
        words("daily")
