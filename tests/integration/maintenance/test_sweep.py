"""The sweep itself: bounds, the brake, progress, and what it says of statements that fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path

import psycopg
import pytest

from system_daemon.configuration.maintenance import Brake
from system_daemon.maintenance.statements import read_statements
from system_daemon.maintenance.sweep import (
    BrakeError,
    StatementFailedError,
    Sweep,
    Swept,
    sweep,
)
from tests.integration.maintenance.linkcare import NOON, SERVICE, Linkcare

Own = Callable[..., Swept]
SECRET = "Maria Alonso"
OLD = NOON - timedelta(days=60)
CLOSE = """\
-- name: close
-- description: A site's own
WITH due AS (
    SELECT task_id FROM task WHERE {where} LIMIT :batch FOR UPDATE OF task SKIP LOCKED
), changed AS (
    UPDATE task SET {change} FROM due WHERE task.task_id = due.task_id RETURNING task.*
)
SELECT {count} AS tasks_closed FROM changed;
"""


@pytest.fixture
def own(connection: psycopg.Connection, tmp_path: Path) -> Own:
    """Runs a task of the site's own."""

    def run(
        where: str = "status = 12",
        change: str = "status = 13",
        n: str = "count(*)",
        **asked: object,
    ) -> Swept:
        file = tmp_path / "own.sql"
        file.write_text(CLOSE.format(where=where, change=change, count=n), encoding="utf-8")
        request = Sweep(task="OWN", as_of=NOON, **asked)  # type: ignore[arg-type]
        return sweep(connection, read_statements(file), request, log=lambda _: None)

    return run


def test_a_site_can_add_a_task(linkcare: Linkcare, own: Own) -> None:
    for _ in range(5):
        linkcare.task()
    swept = own(batch_size=2)
    assert (swept.counts, swept.batches, swept.left) == ({"tasks_closed": 5}, 3, None)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"where": "nonsense = 1"}, 'column "nonsense" does not exist (42703)'),
        ({"change": "status = 1000"}, "CheckViolation (23514) about task, task_status_check"),
        ({"change": "status = name::smallint"}, "InvalidTextRepresentation (22P02)"),
        ({"change": "admission_id = 0"}, "InTheWay"),
        ({"n": "min('x' || task_id)"}, "expected whole numbers in tasks_closed"),
    ],
)
def test_a_statement_that_fails_is_one_sentence_without_content(
    linkcare: Linkcare, own: Own, fault: dict[str, str], said: str
) -> None:
    linkcare.task(name=SECRET)
    if said == "InTheWay":  # a foreign key may be somebody else's change: tried again, and left
        assert own(**fault).left == "locked"
        return
    with pytest.raises(StatementFailedError) as caught:
        own(**fault)
    message = str(caught.value)
    assert said in message
    assert message.startswith("own.sql line")
    assert SECRET not in message
    assert "UPDATE" not in message
    assert "\n" not in message
    assert caught.value.__suppress_context__


def test_the_line_is_that_of_the_file(linkcare: Linkcare, own: Own) -> None:
    with pytest.raises(StatementFailedError, match=r"own\.sql line 4 \(close\)"):
        own(where="nonsense = 1")
    linkcare.task()
    with pytest.raises(StatementFailedError, match=r"own\.sql line 6 \(close\)"):
        own(change="nonsense = 1")


def test_a_statement_that_is_too_slow_is_made_smaller_until_it_fits(
    linkcare: Linkcare, own: Own
) -> None:
    for _ in range(20):
        linkcare.task()
    slow = "name = name || pg_sleep(0.2), status = 13"
    swept = own(change=slow, batch_size=100, statement_timeout=2)
    assert (swept.counts["tasks_closed"], swept.left) == (20, None)
    assert swept.batches > 3


def test_a_statement_that_is_always_too_slow_is_said(linkcare: Linkcare, own: Own) -> None:
    linkcare.task()
    with pytest.raises(StatementFailedError, match="not even for the smallest batch"):
        own(change="name = name || pg_sleep(60)", batch_size=8, statement_timeout=0.1)


def test_the_session_is_left_as_it_was(connection: psycopg.Connection, own: Own) -> None:
    names = ("lock_timeout", "statement_timeout", "TimeZone")

    def read() -> list[object]:
        return [connection.execute(f"SHOW {name}").fetchone() for name in names]

    before = read()
    own(timezone="Asia/Kathmandu", lock_timeout=0.5)
    assert read() == before


def test_without_as_of_it_is_the_databases_clock(linkcare: Linkcare) -> None:
    before = linkcare.connection.execute("SELECT now()").fetchone()
    swept = linkcare.run("SERVICE_TASKS", as_of=None)
    after = linkcare.connection.execute("SELECT now()").fetchone()
    assert before is not None
    assert after is not None
    assert before[0] <= swept.as_of <= after[0]


def _service_tasks(linkcare: Linkcare, number: int) -> None:
    admission = linkcare.admission()
    for _ in range(number):
        linkcare.task(admission_id=admission, role_id=SERVICE)


@pytest.mark.parametrize(
    ("brake", "history", "stops"),
    [
        (Brake(max_rows=9, times_median=None), (), True),
        (Brake(max_rows=10, times_median=None), (), False),
        (Brake(max_rows=None, times_median=None), (), False),
        (None, (), False),
    ],
)
def test_the_brake_stops_before_the_first_change(
    linkcare: Linkcare, brake: Brake | None, history: tuple[int, ...], stops: bool
) -> None:
    _service_tasks(linkcare, 10)
    before = linkcare.rows("task")
    if not stops:
        assert linkcare.run("SERVICE_TASKS", brake=brake, history=history).rows == 10
        return
    with pytest.raises(BrakeError, match=r"at most 9 rows .* got 10 or more; .* allow_more"):
        linkcare.run("SERVICE_TASKS", brake=brake, history=history)
    assert linkcare.rows("task") == before
    # A dry run only looks, and max_rows is a brake of its own.
    assert linkcare.run("SERVICE_TASKS", brake=brake, dry_run=True).rows == 10
    assert linkcare.run("SERVICE_TASKS", brake=brake, max_rows=9).rows == 9


def test_the_brake_counts_what_hangs_below_too(linkcare: Linkcare) -> None:
    case = linkcare.case()
    task = linkcare.task(admission_id=linkcare.admission(case_id=case), deleted_at=OLD)
    for _ in range(5):
        linkcare.activity(task)
    with pytest.raises(BrakeError, match=r"at most 5 rows .* got 6 or more"):
        linkcare.run("PURGE_DATABASE", brake=Brake(max_rows=5, times_median=None))
    swept = linkcare.run("PURGE_DATABASE", brake=Brake(max_rows=6, times_median=None))
    assert (swept.rows, swept.touched) == (1, 6)


def test_a_dry_run_says_that_the_brake_would_stop_the_real_one(linkcare: Linkcare) -> None:
    _service_tasks(linkcare, 3)
    lines: list[str] = []
    linkcare.run(
        "SERVICE_TASKS",
        brake=Brake(max_rows=2, times_median=None),
        dry_run=True,
        log=lines.append,
    )
    assert lines == ["SERVICE_TASKS: its brake would stop this run: max_rows of its brake"]


def test_a_later_statement_may_act_on_what_an_earlier_one_did(
    linkcare: Linkcare, connection: psycopg.Connection, tmp_path: Path
) -> None:
    linkcare.task()
    first = CLOSE.format(where="status = 12", change="status = 16", count="count(*)")
    second = CLOSE.format(where="status = 16", change="status = 13", count="count(*)")
    second = second.replace("tasks_closed", "tasks_ended").replace("close", "end_them")
    (file := tmp_path / "own.sql").write_text(first + second, encoding="utf-8")
    braked = Sweep(task="OWN", as_of=NOON, brake=Brake(max_rows=9, times_median=None))
    swept = sweep(connection, read_statements(file), braked, log=lambda _: None)
    assert swept.counts == {"tasks_closed": 1, "tasks_ended": 1}


def test_what_later_statements_leave_is_said_too(linkcare: Linkcare) -> None:
    case = linkcare.case()
    for _ in range(4):
        linkcare.task(admission_id=linkcare.admission(case_id=case), deleted_at=OLD)
        linkcare.notification(case_id=case, deleted_at=OLD)
    lines: list[str] = []
    swept = linkcare.run("PURGE_DATABASE", max_rows=3, log=lines.append)
    assert (swept.rows, swept.left, swept.rows_left) == (3, "max_rows", 5)
    assert [line.split(" leaves ")[0] for line in lines] == [
        "PURGE_DATABASE: marked_notifications",
        "PURGE_DATABASE: marked_tasks",
    ]


@pytest.fixture
def ticks() -> Iterator[int]:
    """A clock that goes on two seconds each time somebody looks."""
    return count(step=2)


def test_the_deadline_ends_a_run(linkcare: Linkcare, ticks: Iterator[int]) -> None:
    _service_tasks(linkcare, 10)
    lines: list[str] = []
    swept = linkcare.run(
        "SERVICE_TASKS", batch_size=1, deadline=9, clock=lambda: next(ticks), log=lines.append
    )
    assert swept.left == "deadline"
    assert 0 < swept.rows < 10
    assert swept.rows_left == 10 - swept.rows
    assert lines[-1].endswith("rows for the next run: the deadline is over")
    assert linkcare.run("SERVICE_TASKS").rows == 10 - swept.rows


def test_it_stops_between_batches_when_it_is_told_to(linkcare: Linkcare) -> None:
    _service_tasks(linkcare, 10)
    asked = count()
    swept = linkcare.run("SERVICE_TASKS", batch_size=2, stopped=lambda: next(asked) == 2)
    assert (swept.rows, swept.left) == (4, "stopped")
    assert linkcare.run("SERVICE_TASKS").rows == 6


def test_a_long_run_says_how_far_it_is(linkcare: Linkcare, ticks: Iterator[int]) -> None:
    _service_tasks(linkcare, 10)
    lines: list[str] = []
    linkcare.run("SERVICE_TASKS", batch_size=1, clock=lambda: next(ticks), log=lines.append)
    assert lines
    assert all(" of about 10 rows, " in line for line in lines)


def test_a_short_run_says_nothing(linkcare: Linkcare) -> None:
    _service_tasks(linkcare, 3)
    lines: list[str] = []
    linkcare.run("SERVICE_TASKS", log=lines.append, clock=lambda: 0.0)
    assert lines == []
