"""A fixed lapse from start to start: missed ticks collapse into one (R6, R23)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from system_daemon.schedule.every import Every

NINE = datetime(2027, 1, 10, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
EVERY_5 = Every(seconds=300)


def test_the_first_run_is_due_at_once() -> None:
    assert EVERY_5.due(now=NINE, last=None) == NINE


@pytest.mark.parametrize(
    ("now", "due"),
    [(0, 5), (4.999, 5), (5, 5), (5.5, 5), (7, 5), (9.999, 5), (10, 10), (14, 10), (60 * 24, 1440)],
)
def test_r6_what_was_missed_is_one_run_at_its_last_tick(now: float, due: float) -> None:
    assert EVERY_5.due(now=NINE + now * MINUTE, last=NINE) == NINE + due * MINUTE


def test_a_clock_that_was_set_back_makes_no_second_run_of_a_tick() -> None:
    assert EVERY_5.due(now=NINE - 30 * MINUTE, last=NINE) == NINE + 5 * MINUTE


@given(
    seconds=st.floats(min_value=1, max_value=1e6),
    late=st.floats(min_value=0, max_value=1e7),
)
def test_there_is_never_a_backlog_and_the_rhythm_stays(seconds: float, late: float) -> None:
    every = Every(seconds=seconds)
    now = NINE + timedelta(seconds=late)
    due = every.due(now=now, last=NINE)
    assert due > NINE
    assert every.next_after(due) > now, "a second run would be due at once"
    assert (due - NINE) % every.lapse == timedelta(0)
