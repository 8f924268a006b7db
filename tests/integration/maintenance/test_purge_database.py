"""PURGE_DATABASE (R16): a calendar month after the mark, with what hangs below, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.maintenance.linkcare import NOON, SENDING, Linkcare

TASK = "PURGE_DATABASE"
US = timedelta(microseconds=1)
CUT = datetime(2026, 2, 15, 12, tzinfo=UTC)
"""A month before NOON."""
OLD, YOUNG = CUT - timedelta(days=1), CUT + timedelta(days=1)
TABLES = ("patient_case", "admission", "task", "activity", "notification", "subscription")


def utc(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize("table", ["patient_case", "admission", "task", "notification"])
@pytest.mark.parametrize(
    ("deleted", "purged"),
    [(CUT - US, True), (CUT, True), (CUT + US, False), (NOON, False), (None, False)],
)
def test_each_object_goes_a_month_after_its_mark(
    linkcare: Linkcare, table: str, deleted: datetime | None, purged: bool
) -> None:
    add = {
        "patient_case": linkcare.case,
        "admission": linkcare.admission,
        "task": linkcare.task,
        "notification": linkcare.notification,
    }[table]
    key = add(deleted_at=deleted)
    before = {name: linkcare.keys(name) for name in TABLES}
    linkcare.run_twice(TASK)
    gone = {name: keys - linkcare.keys(name) for name, keys in before.items()}
    assert gone == {name: {key} if purged and name == table else set() for name in TABLES}


@pytest.mark.parametrize(
    ("deleted", "as_of", "zone", "purged"),
    [
        # A month before 31 March is the last day of February.
        (utc(2026, 2, 28, 12), utc(2026, 3, 31, 12), "UTC", True),
        (utc(2026, 2, 28, 12) + US, utc(2026, 3, 31, 12), "UTC", False),
        (utc(2028, 2, 29, 12), utc(2028, 3, 31, 12), "UTC", True),
        (utc(2028, 2, 29, 12) + US, utc(2028, 3, 31, 12), "UTC", False),
        # Midnight of 31 March in Madrid is a month after that of 28 February, an hour of UTC less.
        (utc(2026, 2, 27, 23), utc(2026, 3, 30, 22), "Europe/Madrid", True),
        (utc(2026, 2, 27, 23) + US, utc(2026, 3, 30, 22), "Europe/Madrid", False),
    ],
)
def test_a_month_is_one_of_the_calendar(
    linkcare: Linkcare, deleted: datetime, as_of: datetime, zone: str, purged: bool
) -> None:
    linkcare.notification(deleted_at=deleted)
    swept = linkcare.run_twice(TASK, as_of=as_of, timezone=zone)
    assert swept.counts["notifications_purged"] == purged


def _family(linkcare: Linkcare, **marks: datetime | None) -> dict[str, int]:
    """A patient with all that can hang below; `marks`: when each was marked."""
    case = linkcare.case(deleted_at=marks.get("case"))
    admission = linkcare.admission(case_id=case, deleted_at=marks.get("admission"))
    task = linkcare.task(admission_id=admission, deleted_at=marks.get("task"))
    about = {"case_id": case, "task_id": task}
    return {
        "patient_case": case,
        "admission": admission,
        "task": task,
        "activity": linkcare.activity(task),
        "notification": linkcare.notification(**about, deleted_at=marks.get("notification")),
        "message": linkcare.notification(case_id=case, deleted_at=marks.get("message")),
    }


EVERYTHING = {"patient_case", "admission", "task", "activity", "notification", "message"}


@pytest.mark.parametrize(
    ("marks", "gone"),
    [
        ({}, set()),
        ({"case": OLD}, EVERYTHING),
        ({"admission": OLD}, {"admission", "task", "activity", "notification"}),
        ({"task": OLD}, {"task", "activity", "notification"}),
        ({"notification": OLD}, {"notification"}),
        ({"message": OLD}, {"message"}),
        ({"case": OLD, "admission": OLD, "task": OLD, "notification": OLD}, EVERYTHING),
        # What was marked later is kept, and so is everything above it.
        ({"case": OLD, "notification": YOUNG}, {"message"}),
        ({"case": OLD, "task": YOUNG}, {"message"}),
        ({"case": OLD, "admission": YOUNG}, {"message"}),
        ({"case": OLD, "message": YOUNG}, EVERYTHING - {"patient_case", "message"}),
        ({"admission": OLD, "task": YOUNG}, set()),
        ({"admission": OLD, "notification": YOUNG}, set()),
        ({"task": OLD, "notification": YOUNG}, set()),
        ({"task": OLD, "admission": YOUNG}, {"task", "activity", "notification"}),
        ({"case": YOUNG, "admission": OLD}, {"admission", "task", "activity", "notification"}),
        ({"case": YOUNG}, set()),
    ],
)
def test_what_hangs_below_goes_unless_it_was_marked_later(
    linkcare: Linkcare, marks: dict[str, datetime], gone: set[str]
) -> None:
    neighbour = _family(linkcare)
    family = _family(linkcare, **marks)
    swept = linkcare.run_twice(TASK)
    left = {name: linkcare.keys(_table(name)) for name in EVERYTHING}
    assert {name for name in EVERYTHING if family[name] not in left[name]} == gone
    assert all(neighbour[name] in left[name] for name in EVERYTHING)
    assert swept.counts == {
        "cases_purged": "patient_case" in gone,
        "admissions_purged": "admission" in gone,
        "tasks_purged": "task" in gone,
        "activities_purged": "activity" in gone,
        "notifications_purged": len(gone & {"notification", "message"}),
        "subscriptions_purged": 0,
        "programs_purged": 0,
        "program_versions_purged": 0,
    }


def _table(name: str) -> str:
    return "notification" if name == "message" else name


def test_a_patient_waits_for_one_admission_of_several(linkcare: Linkcare) -> None:
    case = linkcare.case(deleted_at=OLD)
    going = [linkcare.admission(case_id=case, deleted_at=mark) for mark in (OLD, None)]
    kept = linkcare.admission(case_id=case, deleted_at=YOUNG)
    tasks = [linkcare.task(admission_id=each) for each in going]
    linkcare.run_twice(TASK)
    assert linkcare.keys("patient_case") == {case}
    assert linkcare.keys("admission") == {kept}
    assert linkcare.keys("task") & {*tasks} == set()
    # A month later the last one goes, and the patient with it.
    linkcare.run_twice(TASK, as_of=YOUNG + timedelta(days=31))
    assert linkcare.keys("patient_case") == linkcare.keys("admission") == set()


@pytest.mark.parametrize(
    ("marks", "admission", "gone"),
    [
        ({"program": OLD, "subscription": OLD}, None, {"program", "subscription"}),
        ({"program": OLD}, None, set()),
        ({"subscription": OLD}, None, {"subscription"}),
        ({"program": OLD, "subscription": YOUNG}, None, set()),
        ({"program": YOUNG, "subscription": OLD}, None, {"subscription"}),
        ({"program": CUT + US, "subscription": CUT}, None, {"subscription"}),
        # Somebody's admission is kept, and so is the subscription that it stands on.
        ({"program": OLD, "subscription": OLD}, {}, set()),
        ({"program": OLD, "subscription": OLD}, {"deleted_at": YOUNG}, set()),
        ({"program": OLD, "subscription": OLD}, {"deleted_at": OLD}, {"program", "subscription"}),
    ],
)
def test_a_subscription_and_a_program_go_when_nobody_is_left(
    linkcare: Linkcare,
    marks: dict[str, datetime],
    admission: dict[str, datetime] | None,
    gone: set[str],
) -> None:
    program = linkcare.program(deleted_at=marks.get("program"))
    versions = [linkcare.version(program, number) for number in (1, 2)]
    subscription = linkcare.subscription(program, deleted_at=marks.get("subscription"))
    if admission is not None:
        key = linkcare.admission(
            subscription_id=subscription, program_version_id=versions[0], **admission
        )
        linkcare.task(admission_id=key)
    counts = linkcare.run_twice(TASK).counts
    assert linkcare.keys("program") == ({*()} if "program" in gone else {program})
    assert linkcare.keys("subscription") == ({*()} if "subscription" in gone else {subscription})
    assert linkcare.keys("program_version") == ({*()} if "program" in gone else {*versions})
    assert counts["program_versions_purged"] == (2 if "program" in gone else 0)


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_batches_are_bounded_and_miss_nothing(linkcare: Linkcare, size: int) -> None:
    case = linkcare.case(deleted_at=OLD)
    admission = linkcare.admission(case_id=case)
    for number in range(12):
        # Marked together: one moment for all, which no batch may skip.
        task = linkcare.task(admission_id=admission, deleted_at=OLD if number % 2 else None)
        linkcare.activity(task)
        linkcare.notification(case_id=case, task_id=task, deleted_at=OLD if number % 3 else None)
    kept = linkcare.task(admission_id=admission, deleted_at=YOUNG)
    swept = linkcare.run_twice(TASK, batch_size=size)
    assert linkcare.keys("task") == {kept}
    assert linkcare.keys("notification") == linkcare.keys("activity") == set()
    assert swept.counts["tasks_purged"] == swept.counts["activities_purged"] == 12
    assert swept.batches >= 12 // size


def test_max_rows_leaves_the_rest_to_the_next_run(linkcare: Linkcare) -> None:
    for _ in range(5):
        linkcare.notification(deleted_at=OLD, status=SENDING, claimed_at=OLD)
    lines: list[str] = []
    dry = linkcare.run(TASK, max_rows=3, dry_run=True)
    swept = linkcare.run(TASK, max_rows=3, batch_size=2, log=lines.append)
    assert dry.counts == swept.counts
    assert swept.counts["notifications_purged"] == 3
    assert (swept.left, swept.rows_left) == ("max_rows", 2)
    assert "leaves 2 rows for the next run: max_rows is reached" in lines[-1]
    assert linkcare.run(TASK).counts["notifications_purged"] == 2
