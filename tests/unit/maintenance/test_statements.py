"""A .sql file becomes statements, or one sentence that names the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from system_daemon.maintenance.statements import StatementError, read_statements

SQL = Path(__file__).parents[3] / "include" / "sql" / "linkcare"
GOOD = """\
-- What it is for; not the property of any statement.

-- name: close
-- description: Closes them
WITH due AS (
    SELECT task_id, ':not_a_parameter; (' AS text -- nor :this, nor (
    FROM task
    WHERE scheduled_at <= :as_of AND kind::text = 'a' AND "odd:name" = 1 AND x % 2 = 0
    LIMIT :batch
    FOR UPDATE OF task SKIP LOCKED
),

changed AS (
    UPDATE task SET status = 13 FROM due WHERE task.task_id = due.task_id RETURNING task.task_id
)

SELECT
    count(*) AS tasks_closed,
    (SELECT max(task_id) FROM due) AS next_after_id,
    array_agg(task_id) AS notification_ids
FROM changed;
"""
REPORT = """\
-- name: late
-- description: Counts them
-- kind: report
WITH due AS (
    SELECT task_id FROM task WHERE scheduled_at < :as_of LIMIT :batch
)

SELECT count(*) AS tasks_late
FROM due;
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "own.sql"


def _read(file: Path, text: str, **parameters: object) -> object:
    file.write_text(text, encoding="utf-8")
    return read_statements(file, **parameters)  # type: ignore[arg-type]


def test_statements_in_the_order_of_the_file(file: Path) -> None:
    file.write_text(GOOD + REPORT, encoding="utf-8")
    close, late = read_statements(file)
    assert (close.name, close.description, close.line, close.report) == (
        "close",
        "Closes them",
        3,
        False,
    )
    assert (close.counts, close.cursor, close.notifies) == (("tasks_closed",), ("after_id",), True)
    assert (late.name, late.report, late.counts, late.notifies) == (
        "late",
        True,
        ("tasks_late",),
        False,
    )


def test_only_parameters_become_parameters(file: Path) -> None:
    file.write_text(GOOD, encoding="utf-8")
    (close,) = read_statements(file)
    assert close.change.parameters == ("as_of", "batch")
    assert "scheduled_at <= $1 AND kind::text = 'a' AND \"odd:name\" = 1" in close.change.text
    assert "':not_a_parameter; ('" in close.change.text
    assert close.change.values({"batch": 5, "as_of": "now", "other": 1}) == ["now", 5]


def test_a_change_is_the_text_of_the_file_and_the_number_of_due_rows(file: Path) -> None:
    file.write_text(GOOD, encoding="utf-8")
    (close,) = read_statements(file)
    bound = GOOD[GOOD.index("-- name") :].replace(":as_of", "$1").replace(":batch", "$2")
    added = "SELECT (SELECT count(*) FROM due) AS due_rows,\n    count(*) AS tasks_closed"
    assert close.change.text == bound.rstrip(";\n").replace(
        "SELECT\n    count(*) AS tasks_closed", added
    )


def test_a_preview_is_due_without_its_lock_and_the_counts(file: Path) -> None:
    file.write_text(GOOD, encoding="utf-8")
    (close,) = read_statements(file)
    words = " ".join(close.preview.text.split())
    assert words.endswith(
        "LIMIT $2 ) SELECT (SELECT count(*) FROM due) AS due_rows, count(*) AS tasks_closed FROM due"
    )
    assert "UPDATE" not in words
    assert "notification_ids" not in words


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("-- name: close", "-- name: Close it", "line 3: expected a name of small letters"),
        ("-- description: Closes them\n", "", 'expected a line "-- description: ..."'),
        ("FROM changed;", "FROM changed", "expected one statement that ends with ;, got none"),
        ("FROM changed;", "FROM changed; DELETE FROM task;", "got more than one"),
        ("WITH due AS (", "WITH them AS (", "begins with WITH due AS (...)"),
        ("WITH due AS (", "WITH due AS ((", "begins with WITH due AS (...)"),
        ("    LIMIT :batch\n", "", "expected LIMIT :batch at the end of due"),
        ("LIMIT :batch", "LIMIT 1000000", "expected LIMIT :batch at the end of due"),
        ("LIMIT :batch", "LIMIT :batch * 10", "expected LIMIT :batch at the end of due"),
        (" SKIP LOCKED", "", "expected due to end with FOR UPDATE ... SKIP LOCKED"),
        ("FOR UPDATE OF task SKIP LOCKED", "", "expected due to end with FOR UPDATE"),
        ("FOR UPDATE", "FOR SHARE", "expected due to end with FOR UPDATE"),
        (
            "FOR UPDATE OF task",
            "FOR UPDATE OF task FOR KEY SHARE OF kind",
            "expected due to end with FOR UPDATE",
        ),
        (
            "SKIP LOCKED",
            "SKIP LOCKED FOR KEY SHARE OF kind",
            "expected due to end with FOR UPDATE",
        ),
        (
            ":as_of",
            ":moment",
            "expected only the parameters :after_id, :as_of, :batch, got :moment",
        ),
        (":as_of", ":batch", "expected :batch once"),
        ("count(*) AS tasks_closed", "count(*)", "to be named with AS"),
        ("count(*) AS tasks_closed", "count(*) AS due_rows", "which is the sweep's own"),
        ("    count(*) AS tasks_closed,\n", "", "expected a count with a name of its own"),
        ("FROM changed;", "FROM changed WHERE task_id > 1;", "got another form"),
        ("UPDATE task SET status = 13 FROM due WHERE", "SELECT 1 FROM due, task WHERE", "nothing"),
        ("-- description", "-- kind: reprot\n-- description", 'the kind "change" or "report"'),
        ("-- description", "-- kind: report\n-- description", "got a report that changes"),
        ("-- What it is for", "SELECT 1; -- What it is for", "before the first statement"),
    ],
)
def test_what_no_run_could_use_is_one_sentence(file: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(StatementError) as caught:
        _read(file, GOOD.replace(old, new, 1))
    message = str(caught.value)
    assert said in message
    assert message.startswith("own.sql")
    assert "\n" not in message


@pytest.mark.parametrize(
    "lock",
    [
        "FOR UPDATE SKIP LOCKED",
        "for no key update of task, public.other skip locked",
        "FOR UPDATE OF task SKIP LOCKED\nFOR KEY SHARE OF parent SKIP LOCKED",
        "FOR UPDATE OF a SKIP LOCKED FOR SHARE OF b, c SKIP LOCKED FOR UPDATE OF d SKIP LOCKED",
    ],
)
def test_a_lock_may_be_of_several_tables_and_a_preview_has_none(file: Path, lock: str) -> None:
    file.write_text(GOOD.replace("FOR UPDATE OF task SKIP LOCKED", lock), encoding="utf-8")
    (close,) = read_statements(file)
    assert lock in close.change.text
    assert "locked" not in close.preview.text.lower()


def test_a_name_is_there_once(file: Path) -> None:
    with pytest.raises(StatementError, match="a name of its own"):
        _read(file, REPORT + REPORT)


@pytest.mark.parametrize("text", ["", "-- only a comment\n"])
def test_a_file_without_statements_is_refused(file: Path, text: str) -> None:
    with pytest.raises(StatementError, match="got none"):
        _read(file, text)


def test_a_file_that_cannot_be_read_is_refused(file: Path) -> None:
    with pytest.raises(StatementError, match="got FileNotFoundError"):
        read_statements(file)
    file.write_bytes(b"\xff")
    with pytest.raises(StatementError, match="got UnicodeDecodeError"):
        read_statements(file)


def test_the_tasks_own_parameters_are_known(file: Path) -> None:
    text = GOOD.replace(":as_of", ":as_of - :max_inactive")
    assert _read(file, text, parameters=["max_inactive"])
    with pytest.raises(StatementError, match="got :max_inactive"):
        _read(file, text)


@pytest.mark.parametrize("packaged", sorted(SQL.glob("*_*.sql")), ids=lambda file: file.stem)
def test_every_packaged_file_is_one(packaged: Path) -> None:
    known = {
        "expired_sessions": ["max_inactive"],
        "outdated_tasks_check": ["may_expire"],
        "admissions_update": ["subscription", "from_version", "to_version"],
    }
    statements = read_statements(packaged, parameters=known.get(packaged.stem, ()))
    assert [each for each in statements if not each.report]


def test_only_what_notifies_hands_keys_over() -> None:
    notifying = {
        file.stem
        for file in SQL.glob("*_*.sql")
        for each in read_statements(
            file,
            parameters=["max_inactive", "may_expire", "subscription", "from_version", "to_version"],
        )
        if each.notifies
    }
    assert notifying == {"available_tasks_check", "delayed_notifications"}
