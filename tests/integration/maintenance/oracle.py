"""What each maintenance task is to do, once more: in plain Python, over rows in lists."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]
Tables = dict[str, list[Row]]
Span = tuple[int, int, int]
"""Months, days and hours."""
HOUR = timedelta(hours=1)


def later(moment: datetime, span: Span, zone: str, times: int = 1) -> datetime:
    """So many times the span after a moment, by the clock of a zone."""
    months, days, hours = (part * times for part in span)
    local = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    local = local.replace(
        year=year, month=month + 1, day=min(local.day, monthrange(year, month + 1)[1])
    )
    local += timedelta(days=days, hours=hours)
    first, second = (local.replace(tzinfo=ZoneInfo(zone), fold=fold) for fold in (0, 1))
    before, after = first.utcoffset(), second.utcoffset()
    assert before is not None
    assert after is not None
    # A time that comes twice is the second one; one that is left out is counted from before.
    return (second if before > after else first).astimezone(UTC)


def _by_key(rows: list[Row], key: str) -> dict[int, Row]:
    return {row[key]: row for row in rows}


def outdated(tables: Tables, as_of: datetime, *, may_expire: bool) -> None:
    admissions = _by_key(tables["admission"], "admission_id")
    for task in tables["task"]:
        admission = admissions[task["admission_id"]]
        if admission["deleted_at"] or admission["status"] not in {1, 5}:
            continue
        if task["deleted_at"] or task["status"] != 12 or task["scheduled_at"] >= as_of:
            continue
        if task["every"]:
            for number in count(task["iteration"] + 1):
                when = later(task["recurs_from"], task["every"], task["timezone"], number - 1)
                if when > as_of:
                    break
                task.update(iteration=number, scheduled_at=when, notified_at=None)
        if (
            may_expire
            and task["expires"]
            and later(task["scheduled_at"], task["expires"], task["timezone"]) < as_of
        ):
            task["status"] = 17


def service(tables: Tables, as_of: datetime) -> None:
    admissions = _by_key(tables["admission"], "admission_id")
    for task in tables["task"]:
        if (
            not admissions[task["admission_id"]]["deleted_at"]
            and not task["deleted_at"]
            and task["status"] == 12
            and task["role_id"] == 47
            and task["scheduled_at"] <= as_of
        ):
            task.update(status=13, closed_at=as_of)


def available(tables: Tables, as_of: datetime) -> None:
    admissions = _by_key(tables["admission"], "admission_id")
    cases = _by_key(tables["patient_case"], "case_id")
    for task in tables["task"]:
        admission = admissions[task["admission_id"]]
        if (
            admission["status"] in {1, 5}
            and not admission["deleted_at"]
            and not cases[admission["case_id"]]["deleted_at"]
            and not task["deleted_at"]
            and task["status"] == 12
            and task["role_id"] is None
            and task["notified_at"] is None
            and as_of - HOUR <= task["scheduled_at"] <= as_of + HOUR
        ):
            task["notified_at"] = as_of


def expired_admissions(
    tables: Tables, as_of: datetime, zone: str, durations: dict[int, Span]
) -> None:
    for admission in tables["admission"]:
        duration = durations.get(admission["subscription_id"])
        if (
            duration
            and not admission["deleted_at"]
            and admission["status"] in {1, 5, 6}
            and admission["enrolled_at"]
            and later(admission["enrolled_at"], duration, zone) <= as_of
        ):
            admission.update(status=4, discharge_type="END", discharged_at=as_of)
            for task in tables["task"]:
                mine = task["admission_id"] == admission["admission_id"]
                if mine and task["status"] == 12 and not task["deleted_at"]:
                    task["status"] = 98


def delayed(tables: Tables, as_of: datetime) -> None:
    cases = _by_key(tables["patient_case"], "case_id")
    for row in tables["notification"]:
        if row["deleted_at"]:
            continue
        gone = cases[row["case_id"]]["deleted_at"]
        if gone and row["status"] in {1, 2}:
            continue
        if row["status"] == 1 and row["due_at"] <= as_of:
            row.update(status=2, queued_at=as_of)
        elif row["status"] == 2 and row["queued_at"] <= as_of - HOUR / 4:
            row["queued_at"] = as_of
        elif row["status"] == 3 and row["claimed_at"] <= as_of - HOUR:
            row["status"] = 5


def _goes(row: Row, cut: datetime, *, parent: bool) -> bool:
    return row["deleted_at"] <= cut if row["deleted_at"] else parent


def _below(tables: Tables, table: str, key: str, row: Row) -> list[Row]:
    return [each for each in tables[table] if each[key] == row[key]]


def purge(tables: Tables, cut: datetime) -> None:
    """From the top down: what is to go, and whether all below it may."""

    def goes(row: Row, parent: bool) -> bool:
        return _goes(row, cut, parent=parent)

    def below(table: str, key: str, row: Row) -> list[Row]:
        return _below(tables, table, key, row)

    gone: list[tuple[str, Row]] = []
    for case in tables["patient_case"]:
        case_goes, kept = goes(case, parent=False), False
        for admission in below("admission", "case_id", case):
            admission_goes, waits = goes(admission, case_goes), False
            for task in below("task", "admission_id", admission):
                task_goes = goes(task, admission_goes)
                told = below("notification", "task_id", task)
                held = any(each["deleted_at"] and each["deleted_at"] > cut for each in told)
                free = task_goes and not held
                gone += [("notification", each) for each in told if goes(each, free)]
                gone += [("activity", each) for each in below("activity", "task_id", task) if free]
                gone += [("task", task)] * free
                waits = waits or not free
            gone += [("admission", admission)] * (admission_goes and not waits)
            kept = kept or waits or not admission_goes
        direct = [each for each in below("notification", "case_id", case) if not each["task_id"]]
        gone += [("notification", each) for each in direct if goes(each, case_goes)]
        kept = kept or not all(goes(each, case_goes) for each in direct)
        gone += [("patient_case", case)] * (case_goes and not kept)
    for table, row in gone:
        tables[table].remove(row)
    _purge_above(tables, cut)


def _purge_above(tables: Tables, cut: datetime) -> None:
    """Subscriptions and programs: only what was marked itself, and only when nobody is left."""
    for subscription in list(tables["subscription"]):
        held = _below(tables, "admission", "subscription_id", subscription)
        if _goes(subscription, cut, parent=False) and not held:
            tables["subscription"].remove(subscription)
    for program in list(tables["program"]):
        held = _below(tables, "subscription", "program_id", program)
        if _goes(program, cut, parent=False) and not held:
            for version in _below(tables, "program_version", "program_id", program):
                tables["program_version"].remove(version)
            tables["program"].remove(program)
