"""OUTDATED_TASKS_CHECK (R13): what expires, what moves to its latest iteration, and what stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.maintenance.linkcare import (
    ACTIVE,
    DISCHARGED,
    ENROLLED,
    EXPIRED,
    INCOMPLETE,
    NOON,
    OPEN,
    PAUSED,
    REJECTED,
    TASK_STATUSES,
    Linkcare,
)

TASK = "OUTDATED_TASKS_CHECK"
US = timedelta(microseconds=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def utc(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("scheduled", "expires_after", "expired"),
    [
        (NOON - HOUR - US, "1 hour", True),
        (NOON - HOUR, "1 hour", False),  # its last moment is now
        (NOON - HOUR + US, "1 hour", False),
        (NOON - US, "0", True),
        (NOON, "0", False),
        (NOON + US, "0", False),
        (NOON - 400 * DAY, None, False),  # it may be done for ever
        (utc(2026, 2, 15, 11, 59, 59), "1 month", True),
        (utc(2026, 2, 15, 12), "1 month", False),
        (utc(2024, 2, 29, 12), "2 years 14 days", True),  # 28 February 2026, and 14 days
        (utc(2024, 2, 29, 12), "2 years 15 days", False),
    ],
)
def test_a_task_expires_when_its_time_is_over(
    linkcare: Linkcare, scheduled: datetime, expires_after: str | None, expired: bool
) -> None:
    task = linkcare.task(scheduled_at=scheduled, expires_after=expires_after, notified_at=scheduled)
    swept = linkcare.run_twice(TASK)
    assert swept.counts == {"tasks_expired": int(expired), "tasks_rescheduled": 0}
    row = linkcare.row("task", task)
    assert row["status"] == (EXPIRED if expired else OPEN)
    assert (row["scheduled_at"], row["iteration"], row["notified_at"]) == (scheduled, 1, scheduled)


def test_r13_tasks_of_a_platform_before_2_7_21_recur_and_do_not_expire(
    linkcare: Linkcare,
) -> None:
    over = linkcare.task(scheduled_at=NOON - 2 * DAY, expires_after="1 hour")
    recurs = linkcare.task(
        scheduled_at=NOON - 2 * DAY - HOUR, expires_after="10 minutes", recurs_every="1 day"
    )
    swept = linkcare.run_twice(TASK, params={"may_expire": False})
    assert swept.counts == {"tasks_expired": 0, "tasks_rescheduled": 1}
    assert linkcare.row("task", over)["status"] == OPEN
    row = linkcare.row("task", recurs)
    assert (row["status"], row["scheduled_at"]) == (OPEN, NOON - HOUR)


@pytest.mark.parametrize(
    ("zone", "scheduled", "as_of", "expired"),
    [
        # The clocks go forward on 29 March 2026: that day has 23 hours.
        ("Europe/Madrid", utc(2026, 3, 28, 8), utc(2026, 3, 29, 7), False),
        ("Europe/Madrid", utc(2026, 3, 28, 8), utc(2026, 3, 29, 7) + US, True),
        ("UTC", utc(2026, 3, 28, 8), utc(2026, 3, 29, 8), False),
        ("UTC", utc(2026, 3, 28, 8), utc(2026, 3, 29, 8) + US, True),
        # They go back on 25 October 2026: 25 hours.
        ("Europe/Madrid", utc(2026, 10, 24, 7), utc(2026, 10, 25, 8), False),
        ("Europe/Madrid", utc(2026, 10, 24, 7), utc(2026, 10, 25, 8) + US, True),
    ],
)
def test_a_day_is_a_day_by_the_patients_clock(
    linkcare: Linkcare, zone: str, scheduled: datetime, as_of: datetime, expired: bool
) -> None:
    task = linkcare.task(scheduled_at=scheduled, expires_after="1 day", timezone=zone)
    linkcare.run_twice(TASK, as_of=as_of)
    assert linkcare.value("task", task, "status") == (EXPIRED if expired else OPEN)


@pytest.mark.parametrize(
    ("first", "every", "as_of", "iteration", "scheduled"),
    [
        (NOON - DAY, "1 day", NOON - US, 1, NOON - DAY),
        (NOON - DAY, "1 day", NOON, 2, NOON),
        (NOON - DAY, "1 day", NOON + US, 2, NOON),
        (NOON - 5 * DAY, "1 day", NOON + HOUR, 6, NOON),  # missed iterations collapse
        (NOON - 90 * DAY, "1 hour", NOON + HOUR / 2, 2161, NOON),
        (NOON - 3 * HOUR, "45 minutes", NOON, 5, NOON),
        (utc(2025, 12, 31, 9), "1 month", utc(2026, 1, 31, 8, 59), 1, utc(2025, 12, 31, 9)),
        (utc(2025, 12, 31, 9), "1 month", utc(2026, 1, 31, 9), 2, utc(2026, 1, 31, 9)),
        (utc(2025, 12, 31, 9), "1 month", utc(2026, 3, 1), 3, utc(2026, 2, 28, 9)),
        (utc(2025, 12, 31, 9), "1 month", utc(2026, 4, 1), 4, utc(2026, 3, 31, 9)),
        (utc(2024, 2, 29, 9), "1 year", utc(2026, 3, 15), 3, utc(2026, 2, 28, 9)),
        (utc(2024, 2, 29, 9), "1 year", utc(2028, 3, 15), 5, utc(2028, 2, 29, 9)),
        (utc(2010, 1, 31, 9), "1 month", utc(2026, 3, 15), 194, utc(2026, 2, 28, 9)),
        (utc(2016, 3, 15, 9), "2 weeks", utc(2026, 3, 15), 261, utc(2026, 3, 3, 9)),
    ],
)
def test_a_recursive_task_moves_to_its_latest_iteration(
    linkcare: Linkcare,
    first: datetime,
    every: str,
    as_of: datetime,
    iteration: int,
    scheduled: datetime,
) -> None:
    task = linkcare.task(scheduled_at=first, recurs_every=every, notified_at=first)
    swept = linkcare.run_twice(TASK, as_of=as_of)
    moved = iteration > 1
    assert swept.counts == {"tasks_expired": 0, "tasks_rescheduled": int(moved)}
    row = linkcare.row("task", task)
    assert (row["iteration"], row["scheduled_at"]) == (iteration, scheduled)
    assert (row["status"], row["recurs_from"]) == (OPEN, first)
    # The patient is told of the new iteration again.
    assert row["notified_at"] == (None if moved else first)


@pytest.mark.parametrize(
    ("first", "every", "as_of", "scheduled"),
    [
        # 09:00 in Madrid stays 09:00: 08:00 UTC in winter, 07:00 UTC in summer.
        (utc(2026, 3, 28, 8), "1 day", utc(2026, 3, 29, 6, 59), utc(2026, 3, 28, 8)),
        (utc(2026, 3, 28, 8), "1 day", utc(2026, 3, 29, 7), utc(2026, 3, 29, 7)),
        (utc(2026, 3, 28, 8), "1 day", utc(2026, 4, 10), utc(2026, 4, 9, 7)),
        (utc(2026, 10, 24, 7), "1 day", utc(2026, 10, 25, 7, 59), utc(2026, 10, 24, 7)),
        (utc(2026, 10, 24, 7), "1 day", utc(2026, 10, 25, 8), utc(2026, 10, 25, 8)),
        # 02:30 is missing on 29 March 2026 and comes as 03:30; on 25 October it comes second.
        (utc(2026, 3, 28, 1, 30), "1 day", utc(2026, 3, 29, 12), utc(2026, 3, 29, 1, 30)),
        (utc(2026, 3, 28, 1, 30), "1 day", utc(2026, 3, 30, 12), utc(2026, 3, 30, 0, 30)),
        (utc(2026, 10, 24, 0, 30), "1 day", utc(2026, 10, 25, 12), utc(2026, 10, 25, 1, 30)),
        # Midnight of 1 March is still February in UTC.
        (utc(2026, 1, 31, 23), "1 month", utc(2026, 3, 1), utc(2026, 2, 28, 23)),
    ],
)
def test_an_iteration_keeps_its_time_of_day(
    linkcare: Linkcare, first: datetime, every: str, as_of: datetime, scheduled: datetime
) -> None:
    task = linkcare.task(scheduled_at=first, recurs_every=every, timezone="Europe/Madrid")
    linkcare.run_twice(TASK, as_of=as_of)
    assert linkcare.value("task", task, "scheduled_at") == scheduled


def test_the_31st_comes_back_after_february(linkcare: Linkcare) -> None:
    task = linkcare.task(scheduled_at=utc(2026, 1, 31, 9), recurs_every="1 month")
    linkcare.run_twice(TASK, as_of=utc(2026, 3, 1))
    assert linkcare.value("task", task, "scheduled_at") == utc(2026, 2, 28, 9)
    linkcare.run_twice(TASK, as_of=utc(2026, 4, 1))
    assert linkcare.value("task", task, "scheduled_at") == utc(2026, 3, 31, 9)


@pytest.mark.parametrize(
    ("as_of", "status", "iteration"),
    [
        (NOON + 2 * HOUR, OPEN, 1),
        (NOON + 2 * HOUR + US, EXPIRED, 1),  # over, and the next one has not come
        (NOON + DAY - US, EXPIRED, 1),
        (NOON + DAY, OPEN, 2),
        (NOON + DAY + 2 * HOUR, OPEN, 2),
        (NOON + DAY + 2 * HOUR + US, EXPIRED, 2),  # the next one has come, and is over as well
    ],
)
def test_with_both_the_next_iteration_comes_before_the_end(
    linkcare: Linkcare, as_of: datetime, status: int, iteration: int
) -> None:
    task = linkcare.task(scheduled_at=NOON, recurs_every="1 day", expires_after="2 hours")
    linkcare.run_twice(TASK, as_of=as_of)
    row = linkcare.row("task", task)
    assert (row["status"], row["iteration"]) == (status, iteration)


@pytest.mark.parametrize(
    ("columns", "acted_on"),
    [({"status": status}, status == OPEN) for status in TASK_STATUSES]
    + [
        ({"deleted_at": NOON + DAY}, False),
        ({"role_id": 47}, True),
        ({"role_id": 24}, True),
        ({"expires_after": None}, False),
    ],
)
def test_only_open_tasks_that_are_not_deleted(
    linkcare: Linkcare, columns: dict[str, Any], acted_on: bool
) -> None:
    task = linkcare.task(**{"scheduled_at": NOON - DAY, "expires_after": "1 hour", **columns})
    before = linkcare.row("task", task)
    assert linkcare.run_twice(TASK).counts["tasks_expired"] == acted_on
    assert (linkcare.row("task", task) != before) == acted_on


@pytest.mark.parametrize(
    ("columns", "acted_on"),
    [
        ({"status": INCOMPLETE}, False),
        ({"status": ACTIVE}, True),
        ({"status": REJECTED}, False),
        ({"status": DISCHARGED}, False),
        ({"status": ENROLLED}, True),
        ({"status": PAUSED}, False),
        ({"deleted_at": NOON - US}, False),
    ],
)
def test_only_in_admissions_that_are_enrolled_or_active(
    linkcare: Linkcare, columns: dict[str, Any], acted_on: bool
) -> None:
    admission = linkcare.admission(**columns)
    linkcare.task(admission_id=admission, scheduled_at=NOON - DAY, expires_after="1 hour")
    linkcare.task(admission_id=admission, scheduled_at=NOON - DAY, recurs_every="1 hour")
    counts = linkcare.run_twice(TASK).counts
    assert counts == {"tasks_expired": int(acted_on), "tasks_rescheduled": int(acted_on)}


def test_an_iteration_that_is_over_when_it_is_found_was_never_told(linkcare: Linkcare) -> None:
    """What was told was the iteration before."""
    began = NOON - timedelta(hours=20)
    task = linkcare.task(
        scheduled_at=began,
        recurs_from=began,
        recurs_every="7 hours",
        expires_after="1 hour",
        notified_at=began,
    )
    linkcare.run("OUTDATED_TASKS_CHECK")
    row = linkcare.row("task", task)
    assert (row["status"], row["iteration"], row["notified_at"]) == (EXPIRED, 3, None)
