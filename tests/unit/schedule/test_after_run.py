"""AfterRun: an interval after the end of the last run, by its outcome (R38, R42, R43, R46)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from system_daemon.outcome import Outcome
from system_daemon.schedule.after_run import AfterRun

PLAN = AfterRun(on_timeout=300, on_idle=120, on_success=10, on_error=30)
ENDED = datetime(2026, 11, 22, 15, 57, 3, tzinfo=UTC)
WAITS = {
    Outcome.SUCCESS: 10,
    Outcome.IDLE: 120,
    Outcome.ERROR: 30,
    Outcome.TIMEOUT: 300,
    Outcome.LOCKED: 120,
}


def test_every_outcome_is_here() -> None:
    assert WAITS.keys() == set(Outcome)


@pytest.mark.parametrize("outcome", Outcome)
def test_r42_the_wait_of_each_outcome_counts_from_the_end(outcome: Outcome) -> None:
    assert PLAN.interval(outcome) == timedelta(seconds=WAITS[outcome])
    assert PLAN.due(ended=ENDED, outcome=outcome) == ENDED + timedelta(seconds=WAITS[outcome])


@pytest.mark.parametrize(("retry_after", "wait"), [(0, 0), (7.5, 7.5), (120, 120), (121, 120)])
def test_r38_a_foreign_lock_is_waited_for_but_never_longer_than_idle(
    retry_after: float, wait: float
) -> None:
    due = PLAN.due(ended=ENDED, outcome=Outcome.LOCKED, retry_after=retry_after)
    assert due == ENDED + timedelta(seconds=wait)


@pytest.mark.parametrize("outcome", [each for each in Outcome if each is not Outcome.LOCKED])
def test_r38_no_other_outcome_knows_of_a_lock(outcome: Outcome) -> None:
    assert PLAN.interval(outcome, retry_after=1) == PLAN.interval(outcome)


def test_r46_errors_are_retried_for_ever_at_the_same_pace() -> None:
    at = ENDED
    for _ in range(1000):
        at = PLAN.due(ended=at, outcome=Outcome.ERROR)
    assert at == ENDED + timedelta(seconds=30_000)


def test_an_unknown_outcome_is_no_outcome() -> None:
    with pytest.raises(AssertionError):
        PLAN.interval("lost")  # type: ignore[arg-type]


seconds = st.floats(0, 366 * 24 * 3600)


@given(
    st.builds(AfterRun, on_timeout=seconds, on_idle=seconds, on_success=seconds, on_error=seconds),
    st.sampled_from(Outcome),
)
def test_no_wait_is_shorter_than_the_shortest(plan: AfterRun, outcome: Outcome) -> None:
    assert plan.interval(outcome) >= plan.shortest
    assert plan.due(ended=ENDED, outcome=outcome) >= ENDED + plan.shortest


def test_a_plan_is_a_value() -> None:
    again = AfterRun(on_timeout=300, on_idle=120, on_success=10, on_error=30)
    assert again == PLAN
    assert hash(again) == hash(PLAN)
