"""AVAILABLE_TASKS_CHECK (R15), SERVICE_TASKS (R17) and EXPIRED_SESSIONS (R20) at their boundaries."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.integration.maintenance.linkcare import (
    ACTIVE,
    CASE_MANAGER,
    CLOSED,
    DISCHARGED,
    ENROLLED,
    INCOMPLETE,
    NOON,
    OPEN,
    PAUSED,
    QUEUED,
    REJECTED,
    SERVICE,
    TASK_STATUSES,
    Linkcare,
)

AVAILABLE = "AVAILABLE_TASKS_CHECK"
US = timedelta(microseconds=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ADMISSIONS = [
    ({"status": INCOMPLETE}, False),
    ({"status": ACTIVE}, True),
    ({"status": REJECTED}, False),
    ({"status": DISCHARGED}, False),
    ({"status": ENROLLED}, True),
    ({"status": PAUSED}, False),
    ({"deleted_at": NOON}, False),
]


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"scheduled_at": NOON - HOUR - US}, False),
        ({"scheduled_at": NOON - HOUR}, True),
        ({"scheduled_at": NOON}, True),
        ({"scheduled_at": NOON + HOUR}, True),
        ({"scheduled_at": NOON + HOUR + US}, False),
        ({"notified_at": NOON - DAY}, False),
        ({"role_id": SERVICE}, False),
        ({"role_id": CASE_MANAGER}, False),
        ({"deleted_at": NOON + DAY}, False),
        *[({"status": status}, status == OPEN) for status in TASK_STATUSES],
    ],
)
def test_the_patient_is_told_of_a_task_within_an_hour(
    linkcare: Linkcare, columns: dict[str, Any], told: bool
) -> None:
    task = linkcare.task(**columns)
    before = linkcare.row("task", task)
    assert linkcare.run_twice(AVAILABLE).counts["tasks_notified"] == told
    after = linkcare.row("task", task)
    assert after == {**before, "notified_at": NOON if told else before["notified_at"]}
    assert len(linkcare.rows("notification")) == told


@pytest.mark.parametrize(("columns", "told"), ADMISSIONS)
def test_the_patient_is_told_while_admitted(
    linkcare: Linkcare, columns: dict[str, Any], told: bool
) -> None:
    linkcare.task(admission_id=linkcare.admission(**columns))
    assert linkcare.run_twice(AVAILABLE).counts["tasks_notified"] == told


def test_nobody_writes_to_a_patient_who_was_marked_as_deleted(linkcare: Linkcare) -> None:
    linkcare.task(admission_id=linkcare.admission(case_id=linkcare.case(deleted_at=NOON)))
    assert linkcare.run_twice(AVAILABLE).counts["tasks_notified"] == 0


@pytest.mark.parametrize(
    ("email", "phone", "channel"),
    [
        ("a@example.org", "+12025550100", "email"),
        (None, "+12025550100", "sms"),
        (None, None, "push"),
    ],
)
def test_the_notification_is_queued_at_once_and_its_key_handed_over(
    linkcare: Linkcare, email: str | None, phone: str | None, channel: str
) -> None:
    case = linkcare.case(email=email, phone=phone)
    task = linkcare.task(admission_id=linkcare.admission(case_id=case), name="Pain scale")
    handed: list[int] = []
    linkcare.run(AVAILABLE, hand_over=handed.extend)
    (row,) = linkcare.rows("notification")
    assert handed == [row["notification_id"]]
    assert (row["case_id"], row["task_id"], row["channel"]) == (case, task, channel)
    assert (row["status"], row["due_at"], row["queued_at"]) == (QUEUED, NOON, NOON)
    assert row["subject"] == "Pain scale"


@pytest.mark.parametrize(
    ("scheduled", "missed"),
    [
        (NOON - HOUR, 0),
        (NOON - HOUR - US, 1),
        (NOON - 25 * HOUR, 1),
        (NOON - 25 * HOUR - US, 0),  # reported for a day
    ],
)
def test_a_task_that_left_the_window_unnotified_is_reported(
    linkcare: Linkcare, scheduled: datetime, missed: int
) -> None:
    linkcare.task(scheduled_at=scheduled)
    assert linkcare.run_twice(AVAILABLE).counts["tasks_missed"] == missed


@pytest.mark.parametrize(
    ("columns", "closed"),
    [
        ({"scheduled_at": NOON - US}, True),
        ({"scheduled_at": NOON}, True),
        ({"scheduled_at": NOON + US}, False),
        ({"role_id": None}, False),
        ({"role_id": CASE_MANAGER}, False),
        ({"deleted_at": NOON + DAY}, False),
        *[({"status": status}, status == OPEN) for status in TASK_STATUSES],
    ],
)
def test_a_task_of_the_service_is_closed_when_its_time_comes(
    linkcare: Linkcare, columns: dict[str, Any], closed: bool
) -> None:
    task = linkcare.task(**{"role_id": SERVICE, **columns})
    before = linkcare.row("task", task)
    assert linkcare.run_twice("SERVICE_TASKS").counts == {"tasks_closed": int(closed)}
    done = {"status": CLOSED, "closed_at": NOON} if closed else {}
    assert linkcare.row("task", task) == {**before, **done}


@pytest.mark.parametrize("status", [INCOMPLETE, ACTIVE, REJECTED, DISCHARGED, ENROLLED, PAUSED])
def test_the_service_closes_in_any_admission_that_is_not_deleted(
    linkcare: Linkcare, status: int
) -> None:
    linkcare.task(role_id=SERVICE, admission_id=linkcare.admission(status=status))
    gone = linkcare.admission(status=status, deleted_at=NOON)
    linkcare.task(role_id=SERVICE, admission_id=gone)
    assert linkcare.run_twice("SERVICE_TASKS").counts == {"tasks_closed": 1}


@pytest.mark.parametrize(
    ("last_active", "limit", "removed"),
    [
        (NOON - HOUR - US, 3600, True),
        (NOON - HOUR, 3600, False),
        (NOON - HOUR + US, 3600, False),
        (NOON - timedelta(seconds=1.5) - US, 1.5, True),
        (NOON - timedelta(seconds=1.5), 1.5, False),
    ],
)
def test_a_session_goes_after_its_idle_time(
    linkcare: Linkcare, last_active: datetime, limit: float, removed: bool
) -> None:
    user = linkcare.add("app_user", login="u")
    moments = {"started_at": NOON - DAY, "last_active_at": last_active}
    session = linkcare.add("session", user_id=user, **moments)
    for key in ("language", "role"):
        linkcare.connection.execute(
            "INSERT INTO session_value VALUES (%s, %s, 'v')", (session, key)
        )
    swept = linkcare.run_twice("EXPIRED_SESSIONS", params={"max_inactive": limit})
    assert swept.counts == {
        "sessions_removed": int(removed),
        "session_values_removed": 2 * removed,
    }
    assert linkcare.keys("session") == (set() if removed else {session})
    assert len(linkcare.rows("session_value")) == (0 if removed else 2)
