"""A sweep beside interactive users of the same database, and without them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import psycopg
import pytest

from system_daemon.maintenance.batches import Database
from system_daemon.maintenance.neighbours import Neighbours
from tests.integration.maintenance.linkcare import SERVICE, Linkcare
from tests.waiting import wait_until


@pytest.fixture
def user(linkcare_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(linkcare_url, autocommit=True) as connection:
        yield connection


def _work(user: psycopg.Connection, transactions: int) -> None:
    """So many transactions, which PostgreSQL counts at once and not a second later."""
    for _ in range(transactions):
        user.execute("SELECT pg_stat_force_next_flush(), count(*) FROM role")


def _database(connection: psycopg.Connection) -> Database:
    return Database(connection=connection, timezone="UTC", lock_timeout=1, statement_timeout=10)


def test_only_the_transactions_of_others_count(
    connection: psycopg.Connection, user: psycopg.Connection
) -> None:
    database = _database(connection)
    # What the connection did before is counted when it likes: now.
    connection.execute("SELECT pg_stat_force_next_flush()")
    neighbours = Neighbours(database)
    wait_until(lambda: neighbours.look() == 0, 30, "the end of what was before")
    for _ in range(20):
        database.clock()
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
    moments = count(step=0.3)

    def rest(seconds: float) -> None:
        rests.append(seconds)
        if busy:
            _work(user, 20)

    swept = linkcare.run("SERVICE_TASKS", clock=lambda: next(moments), rest=rest)
    assert (swept.rows, swept.left) == (200, None)
    if busy:
        assert swept.batches > 4
        assert len(rests) >= swept.batches - 1
    else:
        assert swept.batches == 2, "it knew after the first step that it was alone"
        assert len(rests) == 1
