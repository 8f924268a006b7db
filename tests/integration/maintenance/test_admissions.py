"""EXPIRED_ADMISSIONS (R18) and ADMISSIONS_UPDATE (R21) at their boundaries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.maintenance.linkcare import (
    ACTIVE,
    CANCELLED_BY_ADMISSION,
    CASE_MANAGER,
    CLOSED,
    DISCHARGED,
    ENROLLED,
    INCOMPLETE,
    NOON,
    OPEN,
    PAUSED,
    REJECTED,
    SERVICE,
    Linkcare,
)

EXPIRED = "EXPIRED_ADMISSIONS"
UPDATE = "ADMISSIONS_UPDATE"
US = timedelta(microseconds=1)
DAY = timedelta(days=1)


def utc(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("subscription", "program", "enrolled", "discharged"),
    [
        ("10 days", None, NOON - 10 * DAY - US, True),
        ("10 days", None, NOON - 10 * DAY, True),
        ("10 days", None, NOON - 10 * DAY + US, False),
        (None, "10 days", NOON - 10 * DAY, True),
        (None, "10 days", NOON - 10 * DAY + US, False),
        ("10 days", "20 days", NOON - 10 * DAY, True),  # the subscription's wins, be it shorter
        ("20 days", "10 days", NOON - 15 * DAY, False),  # or longer
        (None, None, NOON - 4000 * DAY, False),
        ("10 days", None, None, False),  # never enrolled
    ],
)
def test_an_admission_ends_after_its_longest_duration(
    linkcare: Linkcare,
    subscription: str | None,
    program: str | None,
    enrolled: datetime | None,
    discharged: bool,
) -> None:
    key = linkcare.subscription(linkcare.program(duration=program), duration=subscription)
    admission = linkcare.admission(subscription_id=key, enrolled_at=enrolled)
    swept = linkcare.run_twice(EXPIRED)
    assert swept.counts == {"tasks_cancelled": 0, "admissions_discharged": int(discharged)}
    row = linkcare.row("admission", admission)
    assert (row["status"], row["discharge_type"], row["discharged_at"]) == (
        (DISCHARGED, "END", NOON) if discharged else (ACTIVE, None, None)
    )


@pytest.mark.parametrize(
    ("duration", "enrolled", "as_of", "zone", "discharged"),
    [
        ("1 month", utc(2026, 1, 31, 9), utc(2026, 2, 28, 9) - US, "UTC", False),
        ("1 month", utc(2026, 1, 31, 9), utc(2026, 2, 28, 9), "UTC", True),
        ("1 month", utc(2028, 1, 31, 9), utc(2028, 2, 28, 9), "UTC", False),
        ("1 month", utc(2028, 1, 31, 9), utc(2028, 2, 29, 9), "UTC", True),
        ("1 year", utc(2024, 2, 29, 9), utc(2025, 2, 28, 9) - US, "UTC", False),
        ("1 year", utc(2024, 2, 29, 9), utc(2025, 2, 28, 9), "UTC", True),
        # A day that the clocks make an hour shorter, or longer.
        ("1 day", utc(2026, 3, 28, 9), utc(2026, 3, 29, 8), "Europe/Madrid", True),
        ("1 day", utc(2026, 3, 28, 9), utc(2026, 3, 29, 8) - US, "Europe/Madrid", False),
        ("1 day", utc(2026, 10, 24, 9), utc(2026, 10, 25, 10), "Europe/Madrid", True),
        ("1 day", utc(2026, 10, 24, 9), utc(2026, 10, 25, 10) - US, "Europe/Madrid", False),
    ],
)
def test_a_duration_follows_the_calendar(
    linkcare: Linkcare,
    duration: str,
    enrolled: datetime,
    as_of: datetime,
    zone: str,
    discharged: bool,
) -> None:
    linkcare.admission(
        subscription_id=linkcare.subscription(duration=duration), enrolled_at=enrolled
    )
    swept = linkcare.run_twice(EXPIRED, as_of=as_of, timezone=zone)
    assert swept.counts["admissions_discharged"] == discharged


@pytest.mark.parametrize(
    ("columns", "discharged"),
    [
        ({"status": INCOMPLETE}, False),
        ({"status": ACTIVE}, True),
        ({"status": REJECTED}, False),
        ({"status": DISCHARGED}, False),
        ({"status": ENROLLED}, True),
        ({"status": PAUSED}, True),
        ({"deleted_at": NOON + DAY}, False),
    ],
)
def test_only_admissions_that_last(
    linkcare: Linkcare, columns: dict[str, Any], discharged: bool
) -> None:
    subscription = linkcare.subscription(duration="1 day")
    admission = linkcare.admission(
        subscription_id=subscription, enrolled_at=NOON - 2 * DAY, **columns
    )
    linkcare.task(admission_id=admission)
    counts = linkcare.run_twice(EXPIRED).counts
    assert counts == {"tasks_cancelled": int(discharged), "admissions_discharged": int(discharged)}


def test_its_open_tasks_are_cancelled_and_a_discharge_task_comes(linkcare: Linkcare) -> None:
    admission = linkcare.admission(
        subscription_id=linkcare.subscription(duration="1 day"), enrolled_at=NOON - 2 * DAY
    )
    still_open = linkcare.task(admission_id=admission)
    closed = linkcare.task(admission_id=admission, status=CLOSED)
    deleted = linkcare.task(admission_id=admission, deleted_at=NOON)
    linkcare.run_twice(EXPIRED, batch_size=1)
    tasks = {row["task_id"]: row for row in linkcare.rows("task")}
    assert tasks.pop(still_open)["status"] == CANCELLED_BY_ADMISSION
    assert tasks.pop(closed)["status"] == CLOSED
    assert tasks.pop(deleted)["status"] == OPEN
    (discharge,) = tasks.values()
    assert (discharge["stage"], discharge["name"]) == ("DISCHARGE", "DISCHARGE")
    assert (discharge["role_id"], discharge["scheduled_at"]) == (SERVICE, NOON)


@pytest.fixture
def subscription(linkcare: Linkcare) -> int:
    """One of a program with four versions, of which two need a task to be followed."""
    program = linkcare.program()
    for number, migration in ((1, None), (2, "New plan"), (3, None), (4, "Consent")):
        linkcare.version(program, number, migration_task=migration)
    return linkcare.subscription(program)


def _key(linkcare: Linkcare, version: int) -> int:
    key: int = linkcare.rows("program_version")[version - 1]["program_version_id"]
    return key


def _version(linkcare: Linkcare, admission: int) -> int:
    key = linkcare.value("admission", admission, "program_version_id")
    version: int = linkcare.value("program_version", key, "version")
    return version


@pytest.mark.parametrize(
    ("present", "from_version", "to_version", "version", "migrations"),
    [
        (1, None, None, 4, ["New plan", "Consent"]),
        (2, None, None, 4, ["Consent"]),
        (3, None, None, 4, ["Consent"]),
        (4, None, None, 4, []),
        (1, None, 1, 1, []),
        (1, None, 2, 2, ["New plan"]),
        (1, None, 3, 3, ["New plan"]),
        (3, None, 2, 3, []),  # never back
        (1, 2, None, 1, []),
        (2, 2, None, 4, ["Consent"]),
        (3, 2, 3, 3, []),
        (2, 2, 3, 3, []),
        (1, None, 9, 1, []),  # there is no such version
    ],
)
def test_an_admission_follows_the_version_with_the_tasks_between(
    linkcare: Linkcare,
    subscription: int,
    present: int,
    from_version: int | None,
    to_version: int | None,
    version: int,
    migrations: list[str],
) -> None:
    admission = linkcare.admission(
        subscription_id=subscription, program_version_id=_key(linkcare, present)
    )
    params = {
        "subscription": subscription,
        "from_version": from_version,
        "to_version": to_version,
    }
    counts = linkcare.run_twice(UPDATE, params=params).counts
    assert counts == {
        "admissions_updated": int(version != present),
        "migration_tasks_added": len(migrations),
    }
    assert _version(linkcare, admission) == version
    tasks = linkcare.rows("task")
    assert [row["name"] for row in tasks] == migrations
    assert all(
        (row["stage"], row["status"], row["admission_id"]) == ("MIGRATION", OPEN, admission)
        for row in tasks
    )


@pytest.mark.parametrize("role", [None, CASE_MANAGER])
def test_a_migration_task_is_of_the_role_that_its_version_names(
    linkcare: Linkcare, role: int | None
) -> None:
    program = linkcare.program()
    old = linkcare.version(program, 1)
    linkcare.version(program, 2, migration_task="Consent", migration_role_id=role)
    key = linkcare.subscription(program)
    linkcare.admission(subscription_id=key, program_version_id=old)
    linkcare.run(UPDATE, params={"subscription": key, "from_version": None, "to_version": None})
    (task,) = linkcare.rows("task")
    assert (task["role_id"], task["scheduled_at"]) == (role, NOON)
    # Someone sees it, and does it: the daemon does not close it.
    assert linkcare.run("SERVICE_TASKS", as_of=NOON + DAY).rows == 0


def test_a_migration_task_is_the_case_managers_unless_its_version_says_otherwise(
    linkcare: Linkcare, subscription: int
) -> None:
    assert {row["migration_role_id"] for row in linkcare.rows("program_version")} == {CASE_MANAGER}


def test_only_admissions_of_the_subscription_that_last(
    linkcare: Linkcare, subscription: int
) -> None:
    program = linkcare.value("subscription", subscription, "program_id")
    other = linkcare.subscription(program)
    expected = {}
    for status in (INCOMPLETE, ACTIVE, REJECTED, DISCHARGED, ENROLLED, PAUSED):
        key = linkcare.admission(
            subscription_id=subscription, program_version_id=_key(linkcare, 1), status=status
        )
        expected[key] = 4 if status in {ACTIVE, ENROLLED, PAUSED} else 1
    for columns in ({"deleted_at": NOON}, {"subscription_id": other}):
        key = linkcare.admission(
            **{"subscription_id": subscription, "program_version_id": _key(linkcare, 1), **columns}
        )
        expected[key] = 1
    params = {"subscription": subscription, "from_version": None, "to_version": None}
    linkcare.run_twice(UPDATE, params=params, batch_size=2)
    assert {key: _version(linkcare, key) for key in expected} == expected
