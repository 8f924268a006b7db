"""A sweep beside interactive users of the same database, and without them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import psycopg
import pytest

from system_daemon.maintenance.batches import Database
from system_daemon.maintenance.neighbours import Neighbours
from system_daemon.maintenance.pace import STEP_ROWS
from system_daemon.maintenance.statements import read_statements
from tests.integration.maintenance.linkcare import NOON, SERVICE, SQL, Linkcare


@pytest.fixture
def user(linkcare_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(linkcare_url, autocommit=True) as connection:
        yield connection


def _work(user: psycopg.Connection, transactions: int) -> None:
    """So many transactions that write."""
    for _ in range(transactions):
        user.execute("UPDATE role SET name = name WHERE role_id = 47")


def test_only_what_others_write_counts(linkcare: Linkcare, user: psycopg.Connection) -> None:
    database = Database(
        connection=linkcare.connection, timezone="UTC", lock_timeout=1, statement_timeout=10
    )
    statement = read_statements(SQL / "service_tasks.sql")[0]
    _service_tasks(linkcare, 30)
    neighbours = Neighbours(database)
    neighbours.look()
    for _ in range(30):
        assert database.change(statement, {"as_of": NOON, "batch": 1}).rows == 1
    user.execute("SELECT count(*) FROM task")
    # PostgreSQL's own autovacuum may make one or two of them.
    assert neighbours.look() < 5
    _work(user, 40)
    assert 40 <= neighbours.look() < 45


def _service_tasks(linkcare: Linkcare, number: int) -> None:
    admission = linkcare.admission()
    for _ in range(number):
        linkcare.task(admission_id=admission, role_id=SERVICE)


@pytest.mark.parametrize("busy", [True, False])
def test_a_sweep_makes_short_steps_while_others_work_and_rests_between_them(
    linkcare: Linkcare, user: psycopg.Connection, busy: bool
) -> None:
    _service_tasks(linkcare, 200)
    rests: list[float] = []
    moments = count(step=0.04)

    def rest(seconds: float) -> None:
        rests.append(seconds)
        if busy:
            _work(user, 20)

    swept = linkcare.run("SERVICE_TASKS", clock=lambda: next(moments), rest=rest)
    assert (swept.rows, swept.left) == (200, None)
    if busy:
        assert swept.batches == 200 / STEP_ROWS
        assert len(rests) >= swept.batches - 1
    else:
        assert swept.batches <= 3, "it soon knew that it was alone"
        assert len(rests) < swept.batches
