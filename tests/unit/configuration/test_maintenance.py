"""Maintenance's configuration: what holds by default, what an entry changes, what is refused."""

from __future__ import annotations

import json
from datetime import time
from pathlib import Path
from typing import Any

import pytest

from system_daemon.configuration.catalogue import CATALOGUE, catalogued
from system_daemon.configuration.loading import SHIPPED
from system_daemon.configuration.maintenance_entries import (
    WITHOUT,
    MaintenanceEntries,
    read_maintenance,
)
from system_daemon.configuration.maintenance_tasks import MaintenanceTask
from system_daemon.configuration.settings import Settings

ZONED = Settings(system_timezone="UTC")
NO_DAG = "; until then this task has no DAG"
KEPT = "; until then the default schedule holds"
ALL = [task.name for task in CATALOGUE]
WHOLE = {"max_inactive_session_time": 1800, "sql_directory": "sql"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration folder with a .sql file for every task."""
    (tmp_path / "sql").mkdir()
    for name in (*(task.sql for task in CATALOGUE), "archive.sql"):
        (tmp_path / "sql" / name).write_text("-- not read here\n")
    (tmp_path / "own.sql").write_text("-- not read here\n")
    return tmp_path


def read(folder: Path, text: Any, settings: Settings = ZONED) -> MaintenanceEntries:
    data = text if isinstance(text, bytes) else json.dumps(text).encode()
    return read_maintenance(data, file="maintenance.json", folder=folder, settings=settings)


def tasks(folder: Path, *entries: Any, settings: Settings = ZONED) -> MaintenanceEntries:
    return read(folder, {**WHOLE, "tasks": list(entries)}, settings)


def lines(entries: MaintenanceEntries) -> list[str]:
    return [f"{each.severity} {each.where}: {each.message}" for each in entries.problems]


def one(entries: MaintenanceEntries, name: str) -> MaintenanceTask:
    return next(task for task in entries.tasks if task.name == name)


def names(entries: MaintenanceEntries) -> list[str]:
    return [task.name for task in entries.tasks]


# What holds when nothing is said


def test_r24_tasks_that_are_not_listed_keep_their_defaults(folder: Path) -> None:
    entries = read(folder, WHOLE)
    assert lines(entries) == []
    when = {task.name: task.frequency or task.daily_time for task in entries.tasks}
    assert when == {
        "OUTDATED_TASKS_CHECK": 300,
        "AVAILABLE_TASKS_CHECK": 300,
        "PURGE_DATABASE": time(0, 0),
        "SERVICE_TASKS": 60,
        "EXPIRED_ADMISSIONS": time(1, 0),
        "DELAYED_NOTIFICATIONS": 300,
        "EXPIRED_SESSIONS": 300,
        "ADMISSIONS_UPDATE": None,
    }
    assert [task.name for task in entries.tasks if task.brake] == [
        "PURGE_DATABASE",
        "EXPIRED_ADMISSIONS",
        "EXPIRED_SESSIONS",
    ]
    purge = one(entries, "PURGE_DATABASE")
    assert purge.dag_id == "maintenance__purge_database"
    assert purge.sql_file == folder / "sql" / "purge_database.sql"
    assert (purge.timezone, purge.missed_run_grace) == ("UTC", 3600)
    assert one(entries, "EXPIRED_SESSIONS").given == {"max_inactive": 1800}
    assert one(entries, "OUTDATED_TASKS_CHECK").given == {"may_expire": True}
    assert "Removes" in purge.description


def test_the_shipped_file_says_what_holds_anyway(folder: Path) -> None:
    shipped = json.loads((SHIPPED / "maintenance.json").read_text())
    assert {entry["name"] for entry in shipped["tasks"]} == set(ALL)
    bare = read(folder, {"sql_directory": "sql", "max_inactive_session_time": 1800})
    full = read(folder, {**shipped, "sql_directory": "sql"})
    assert lines(full) == []
    assert full.tasks == bare.tasks


def test_settings_and_file_reach_the_tasks(folder: Path) -> None:
    settings = Settings(system_timezone="Asia/Kolkata", missed_run_grace=60)
    brake = {"max_rows": 5, "times_median": None}
    entries = read(folder, {**WHOLE, "batch_size": 7, "brake": brake, "deadline": 9}, settings)
    purge = one(entries, "PURGE_DATABASE")
    assert (purge.timezone, purge.missed_run_grace) == ("Asia/Kolkata", 60)
    assert (purge.batch_size, purge.deadline) == (7, 9)
    assert purge.brake is not None
    assert (purge.brake.max_rows, purge.brake.times_median) == (5, None)


def test_an_entry_stands_above_the_file(folder: Path) -> None:
    entry = {
        "name": "PURGE_DATABASE",
        "time": "02:15",
        "timezone": "Europe/Oslo",
        "missed_run_grace": 0,
        "batch_size": 3,
        "max_rows": 10,
        "deadline": 20,
        "lock_timeout": 0.5,
        "statement_timeout": 5,
        "brake": {"max_rows": 1},
        "description": "ours",
    }
    purge = one(tasks(folder, entry), "PURGE_DATABASE")
    assert (purge.daily_time, purge.timezone) == (time(2, 15), "Europe/Oslo")
    assert (purge.missed_run_grace, purge.batch_size, purge.max_rows) == (0, 3, 10)
    assert (purge.deadline, purge.lock_timeout, purge.statement_timeout) == (20, 0.5, 5)
    assert purge.brake is not None
    assert purge.brake.max_rows == 1
    assert purge.description == "ours"


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({}, (5, 3)),
        ({"max_rows": 7}, (7, 3)),
        ({"times_median": 9}, (5, 9)),
        ({"max_rows": None}, (None, 3)),
        ({"max_rows": 7, "times_median": None}, (7, None)),
    ],
)
def test_one_limit_of_a_brake_leaves_the_files_other_one(
    folder: Path, own: dict[str, Any], expected: tuple[int | None, float | None]
) -> None:
    whole = {"brake": {"max_rows": 5, "times_median": 3}}
    entry = {"name": "PURGE_DATABASE", "brake": own}
    brake = one(read(folder, {**WHOLE, **whole, "tasks": [entry]}), "PURGE_DATABASE").brake
    assert brake is not None
    assert (brake.max_rows, brake.times_median) == expected


# Names


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("RECURSIVE_TASKS_CHECK", "OUTDATED_TASKS_CHECK"),
        ("DAEMON_OUTDATED_TASKS", "OUTDATED_TASKS_CHECK"),
        ("DAEMON_AVAILABLE_TASKS", "AVAILABLE_TASKS_CHECK"),
        ("DAEMON_PURGE_DB", "PURGE_DATABASE"),
        ("DAEMON_SERVICE_TASKS", "SERVICE_TASKS"),
        ("DAEMON_EXPIRED_ADMISSIONS", "EXPIRED_ADMISSIONS"),
        ("DELAYED_NOTIFICATIONS", "DELAYED_NOTIFICATIONS"),
        ("DAEMON_DELAYED_NOTIFICATIONS", "DELAYED_NOTIFICATIONS"),
        ("DAEMON_EXPIRED_SESSIONS", "EXPIRED_SESSIONS"),
        ("EXPIRED_SESSIONS", "EXPIRED_SESSIONS"),
        ("purge_database", "PURGE_DATABASE"),
    ],
)
def test_r14_r19_r20_older_names_mean_the_same_task(folder: Path, written: str, meant: str) -> None:
    entries = tasks(folder, {"name": written, "frequency": 77})
    assert lines(entries) == []
    assert names(entries) == ALL
    assert one(entries, meant).frequency == 77
    assert one(entries, meant).dag_id == f"maintenance__{meant.lower()}"


def test_other_names_are_of_no_task() -> None:
    assert catalogued("PURGE") is None
    assert catalogued("DAEMON_") is None


def test_r33_entries_for_one_task_are_all_refused_and_the_others_live(folder: Path) -> None:
    entries = tasks(
        folder,
        {"name": "OUTDATED_TASKS_CHECK", "frequency": 60},
        {"name": "RECURSIVE_TASKS_CHECK", "frequency": 90},
        {"name": "SERVICE_TASKS", "frequency": 30},
    )
    assert lines(entries) == [
        'error .tasks[0].name: expected a name of its own, got "outdated_tasks_check", also at'
        f" .tasks[1]{NO_DAG}",
        'error .tasks[1].name: expected a name of its own, got "outdated_tasks_check", also at'
        f" .tasks[0]{NO_DAG}",
    ]
    assert names(entries) == ALL[1:]
    assert one(entries, "SERVICE_TASKS").frequency == 30


@pytest.mark.parametrize(("version", "expire"), [("2.7.20", False), ("2.7.21", True)])
def test_r13_tasks_expire_since_2_7_21(folder: Path, version: str, expire: bool) -> None:
    settings = Settings(api_version=version)
    entries = tasks(folder, {"name": "SERVICE_TASKS"}, settings=settings)
    assert one(entries, "OUTDATED_TASKS_CHECK").given == {"may_expire": expire}


def test_r22_an_older_platform_has_fewer_tasks(folder: Path) -> None:
    def of(version: str) -> set[str]:
        settings = Settings(system_timezone="UTC", api_version=version)
        entries = tasks(folder, {"name": "SERVICE_TASKS", "frequency": 60}, settings=settings)
        assert lines(entries) == []
        return set(names(entries))

    assert set(ALL) - of("2.7.31") == set()
    assert set(ALL) - of("2.7.30") == {"ADMISSIONS_UPDATE"}
    late = {"ADMISSIONS_UPDATE", "EXPIRED_SESSIONS", "DELAYED_NOTIFICATIONS"}
    assert set(ALL) - of("2.7.24") == late
    assert set(ALL) - of("2.7.21") == late | {"EXPIRED_ADMISSIONS"}


# Schedules


def test_r23_both_are_refused_and_the_default_is_kept(folder: Path) -> None:
    entry = {"name": "PURGE_DATABASE", "frequency": 60, "time": "03:00", "batch_size": 9}
    entries = tasks(folder, entry)
    assert lines(entries) == [
        'error .tasks[0]: expected "frequency" or "time", got both; remove one, or make it null'
        f"{KEPT}"
    ]
    purge = one(entries, "PURGE_DATABASE")
    assert (purge.frequency, purge.daily_time, purge.batch_size) == (None, time(0, 0), 9)


@pytest.mark.parametrize(
    ("slip", "sentence"),
    [
        (
            {"frequency": "60"},
            '.frequency: expected a number of seconds from 1 to 31622400, or null, got "60"; write'
            " the number without quotes",
        ),
        (
            {"time": "24:00"},
            ".time: expected a time of day from 00:00 to 23:59:59 such as 01:00, or null, got"
            ' "24:00"',
        ),
        (
            {"time": "01:00", "timezone": "Europe/Madird"},
            ".timezone: expected an IANA time zone name such as Europe/Madrid, got"
            ' "Europe/Madird"; did you mean "Europe/Madrid"?',
        ),
    ],
    ids=["frequency", "time", "zone"],
)
def test_r23_a_slip_in_a_schedule_leaves_the_default(
    folder: Path, slip: dict[str, Any], sentence: str
) -> None:
    entries = tasks(folder, {"name": "PURGE_DATABASE", **slip})
    assert lines(entries) == [f"error .tasks[0]{sentence}{KEPT}"]
    assert one(entries, "PURGE_DATABASE").daily_time == time(0, 0)
    assert names(entries) == ALL


def test_r23_neither_is_by_hand_only_with_a_warning(folder: Path) -> None:
    entries = tasks(folder, {"name": "SERVICE_TASKS", "frequency": None, "time": None})
    assert lines(entries) == [
        'warning .tasks[0]: expected "frequency" or "time", got neither; the task runs only when'
        " somebody starts it"
    ]
    service = one(entries, "SERVICE_TASKS")
    assert (service.frequency, service.daily_time) == (None, None)


def test_the_phps_null_beside_a_value_is_fine(folder: Path) -> None:
    entries = tasks(folder, {"name": "PURGE_DATABASE", "frequency": 60, "time": None})
    assert lines(entries) == []
    assert one(entries, "PURGE_DATABASE").frequency == 60


@pytest.mark.parametrize(("key", "value"), [("frequency", 300), ("time", "01:00")])
def test_r21_admissions_update_has_no_schedule(folder: Path, key: str, value: Any) -> None:
    entries = tasks(folder, {"name": "ADMISSIONS_UPDATE", key: value})
    assert lines(entries) == [
        f"error .tasks[0].{key}: expected no {key} for ADMISSIONS_UPDATE, which runs only when a"
        f" job or a person asks for it, got {json.dumps(value)}; remove it"
    ]
    update = one(entries, "ADMISSIONS_UPDATE")
    assert (update.frequency, update.daily_time) == (None, None)


def test_r18_the_examples_time_is_probably_transposed(folder: Path) -> None:
    entries = tasks(folder, {"name": "EXPIRED_ADMISSIONS", "time": "00:01"})
    assert lines(entries) == [
        "warning .tasks[0].time: expected 01:00, the default, got 00:01, which the original's"
        " example has; one of the two is probably a transposition; it runs at 00:01"
    ]
    assert one(entries, "EXPIRED_ADMISSIONS").daily_time == time(0, 1)


def test_r44_a_time_that_the_clocks_skip_is_told(folder: Path) -> None:
    entry = {"name": "PURGE_DATABASE", "time": "02:30", "timezone": "Europe/Madrid"}
    (told,) = lines(tasks(folder, entry))
    assert told.startswith("warning .tasks[0].time: expected a time that every day has once")


def test_r23_a_time_of_day_wants_a_zone(folder: Path) -> None:
    (told,) = lines(read(folder, WHOLE, Settings()))
    assert told == (
        'warning .tasks: expected "system_timezone" in settings.json for PURGE_DATABASE and'
        " EXPIRED_ADMISSIONS, got none; UTC is used, where the original daemon used PHP's"
        " date.timezone"
    )


def test_a_hot_task_is_told(folder: Path) -> None:
    (told,) = lines(tasks(folder, {"name": "SERVICE_TASKS", "frequency": 1}))
    assert told.startswith("warning .tasks[0].frequency: expected 5 seconds or more, got 1;")


# Entries that cannot be


def test_one_bad_entry_harms_only_itself(folder: Path) -> None:
    bad = [
        {"name": "PURGE_DATABASE", "batch_sise": 5},
        5,
        "SERVICE_TASKS",
        {"frequency": 60},
        {"name": "EXPIRED_ADMISSIONS", "brake": {"max_rows": 0}},
    ]
    entries = tasks(folder, *bad, {"name": "SERVICE_TASKS", "frequency": 61})
    told = lines(entries)
    assert len(told) == 5
    assert told[0].startswith("error .tasks[0].batch_sise: expected one of the keys name, ")
    assert told[0].endswith(f'got "batch_sise"; did you mean "batch_size"?{NO_DAG}')
    assert told[1] == "error .tasks[1]: expected a task, an object, got 5"
    assert told[2] == "error .tasks[2]: expected a task, an object, got a text"
    assert told[3] == (
        'error .tasks[3].name: expected "name", a maintenance task such as PURGE_DATABASE, or a'
        f" name of your own, got nothing{NO_DAG}"
    )
    assert told[4].startswith("error .tasks[4].brake.max_rows: expected a whole number of rows")
    assert set(ALL) - set(names(entries)) == {"PURGE_DATABASE", "EXPIRED_ADMISSIONS"}
    assert one(entries, "SERVICE_TASKS").frequency == 61


def test_r20_sessions_need_their_time_and_nothing_else_does(folder: Path) -> None:
    entries = read(folder, {"sql_directory": "sql"})
    assert lines(entries) == [
        "error .max_inactive_session_time: expected the seconds after which EXPIRED_SESSIONS"
        " removes a session that nobody uses (MAX_INACTIVE_SESSION_TIME of the platform), got"
        f" nothing{NO_DAG}"
    ]
    assert set(ALL) - set(names(entries)) == {"EXPIRED_SESSIONS"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b'{"batch_size": }', "line 1, column 16: expected a value"),
        (b"[]", 'line 1, column 1: expected an object such as {"tasks": []}, got an array'),
        ({"batch_size": "5"}, ".batch_size: expected a whole number of rows from 1 to 100000"),
        ({"conection": "x"}, ".conection: expected one of the keys connection"),
        ({"tasks": {}}, ".tasks: expected an array of tasks, got an object"),
        (b'{"pool": "a", "pool": "b"}', '.pool: expected each key once, got "pool" twice'),
    ],
    ids=["no JSON", "no object", "wrong value", "misspelled", "no array", "twice"],
)
def test_what_all_tasks_share_stops_all_of_them(folder: Path, text: Any, sentence: str) -> None:
    entries = read(folder, text)
    (told,) = lines(entries)
    assert told.startswith(f"error {sentence}")
    assert told.endswith(WITHOUT)
    assert entries.unreadable
    assert entries.tasks == ()


# A site's own


def test_a_site_adds_a_task_with_a_file_and_an_entry(folder: Path) -> None:
    entry = {"name": "Purge old letters", "sql": "own.sql", "time": "04:00", "destructive": True}
    entries = tasks(folder, entry)
    assert lines(entries) == []
    own = one(entries, "Purge old letters")
    assert own.dag_id == "maintenance__purge_old_letters"
    assert own.sql_file == folder / "own.sql"
    assert own.brake is not None
    assert names(entries) == [*ALL, "Purge old letters"]


def test_its_file_may_be_among_the_others(folder: Path) -> None:
    entries = tasks(folder, {"name": "archive", "sql": "archive.sql", "frequency": 600})
    assert one(entries, "archive").sql_file == folder / "sql" / "archive.sql"
    assert one(entries, "archive").brake is None


def test_one_of_the_platforms_tasks_may_have_another_file(folder: Path) -> None:
    entries = tasks(folder, {"name": "SERVICE_TASKS", "sql": "own.sql"})
    assert one(entries, "SERVICE_TASKS").sql_file == folder / "own.sql"


def test_a_name_that_nobody_knows_needs_a_file(folder: Path) -> None:
    (told,) = lines(tasks(folder, {"name": "PURGE_DATABSE", "frequency": 60}))
    assert told == (
        'error .tasks[0].name: expected "sql" for a task of your own, or one of the names'
        f' {", ".join(ALL)}, got "PURGE_DATABSE"; did you mean "PURGE_DATABASE"?{NO_DAG}'
    )


def test_a_file_that_is_missing_is_named(folder: Path) -> None:
    (folder / "sql" / "purge_database.sql").unlink()
    entries = tasks(folder, {"name": "mine", "sql": "gone.sql", "frequency": 60})
    assert lines(entries) == [
        "error .sql_directory: expected a file with the statements of PURGE_DATABASE, got none at"
        f' "{folder}/sql/purge_database.sql"{NO_DAG}',
        "error .tasks[0].sql: expected a file with the statements of mine, got none at"
        f' "{folder}/gone.sql"{NO_DAG}',
    ]
    assert set(ALL) - set(names(entries)) == {"PURGE_DATABASE"}


def test_a_site_task_without_a_schedule_is_by_hand_only(folder: Path) -> None:
    entries = tasks(folder, {"name": "mine", "sql": "own.sql"})
    (told,) = lines(entries)
    assert told.startswith('warning .tasks[0]: expected "frequency" or "time", got neither')
    assert one(entries, "mine").frequency is None


def test_a_site_task_with_a_bad_schedule_has_no_default_to_keep(folder: Path) -> None:
    entries = tasks(folder, {"name": "mine", "sql": "own.sql", "time": "25:00"})
    (told,) = lines(entries)
    assert told.endswith(NO_DAG)
    assert names(entries) == ALL


def test_r22_an_entry_for_a_task_that_the_platform_lacks_is_told(folder: Path) -> None:
    settings = Settings(system_timezone="UTC", api_version="2.7.20")
    whole = {"tasks": [{"name": "daemon_delayed_notifications", "frequency": 60}]}
    entries = read(folder, {**WHOLE, **whole}, settings)
    assert lines(entries) == [
        'warning .tasks[0].name: expected a task that the "api_version" of settings.json has, 2.7.20,'
        " got DELAYED_NOTIFICATIONS, which there is since 2.7.25; the entry has no effect"
    ]
    assert "DELAYED_NOTIFICATIONS" not in [task.name for task in entries.tasks]


def test_a_brake_without_effect_is_told(folder: Path) -> None:
    (told,) = lines(tasks(folder, {"name": "SERVICE_TASKS", "brake": {"max_rows": 5}}))
    assert told == (
        'warning .tasks[0].brake: expected a brake only with "destructive": true, got one without'
        " effect"
    )
