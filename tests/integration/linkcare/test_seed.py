"""Generated data: the same each time, and with as many rows to act on as it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg import sql

from system_daemon.linkcare.loading import NotEmptyError, seed
from system_daemon.linkcare.migrations import migrate
from system_daemon.linkcare.rows import COLUMNS
from tests.integration.linkcare.criteria import count_by_hand
from tests.integration.linkcare.schemas import schema_of

AS_OF = datetime(2026, 11, 22, 10, 5, 12, 345, tzinfo=UTC)
MADRID = ZoneInfo("Europe/Madrid")
FEW = 2000


def _digest(connection: psycopg.Connection) -> dict[str, str]:
    """What each table holds, the generated columns included."""
    query = "SELECT coalesce(md5(string_agg(t::text, ',' ORDER BY t::text)), '') FROM {} AS t"
    found = {}
    for table in COLUMNS:
        row = connection.execute(sql.SQL(query).format(sql.Identifier(table))).fetchone()
        assert row is not None
        found[table] = row[0]
    return found


def test_the_same_numbers_make_the_same_rows(new_database: Callable[[], str]) -> None:
    digests = []
    for number, as_of in ((1, AS_OF), (1, AS_OF.astimezone(MADRID)), (2, AS_OF)):
        with psycopg.connect(new_database(), autocommit=True) as connection:
            migrate(connection)
            seed(connection, FEW, as_of=as_of, number=number)
            digests.append(_digest(connection))
    assert digests[0] == digests[1]
    assert digests[0]["task"] != digests[2]["task"]


@pytest.mark.parametrize(
    "as_of",
    [
        AS_OF,
        # Around the changes of the clocks, and where a month back is cut to its last day.
        datetime(2027, 3, 28, 1, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 0, 59, 59, tzinfo=UTC),
        datetime(2027, 3, 31, 22, 30, tzinfo=UTC),
        datetime(2028, 2, 29, 23, 59, tzinfo=UTC),
    ],
)
def test_each_task_has_as_many_rows_to_act_on_as_was_told(
    database: psycopg.Connection, as_of: datetime
) -> None:
    migrate(database)
    expected = seed(database, 20_000, as_of=as_of)
    assert database.execute("SELECT count(*) FROM task").fetchone() == (20_000,)
    for zone in ("UTC", "Europe/Madrid", "America/Los_Angeles", "Pacific/Kiritimati"):
        database.execute("SELECT set_config('TimeZone', %s, false)", (zone,))
        assert count_by_hand(database, as_of) == asdict(expected)
    assert min(asdict(expected).values()) > 0


def test_a_few_tasks_are_enough_for_some_of_each_kind(database: psycopg.Connection) -> None:
    migrate(database)
    expected = seed(database, FEW, as_of=AS_OF)
    assert count_by_hand(database, AS_OF) == asdict(expected)
    assert min(asdict(expected).values()) > 0


def test_too_few_tasks_are_refused(database: psycopg.Connection) -> None:
    migrate(database)
    with pytest.raises(ValueError, match="expected 2000 tasks or more, got 1999"):
        seed(database, FEW - 1, as_of=AS_OF)


def test_the_schema_is_as_before_and_new_rows_get_new_keys(
    new_database: Callable[[], str],
) -> None:
    url = new_database()
    with psycopg.connect(url, autocommit=True) as connection:
        migrate(connection)
        before = schema_of(url)
        seed(connection, FEW, as_of=AS_OF)
        assert schema_of(url) == before
        row = connection.execute(
            "INSERT INTO task (admission_id, name, status, scheduled_at)"
            " VALUES (1, 'one more', 12, now()) RETURNING task_id"
        ).fetchone()
        assert row == (FEW + 1,)


def test_rows_that_are_there_are_not_touched(database: psycopg.Connection) -> None:
    migrate(database)
    database.execute("INSERT INTO app_user (login) VALUES ('somebody')")
    with pytest.raises(NotEmptyError, match="got rows in the table app_user"):
        seed(database, FEW, as_of=AS_OF)
    assert database.execute("SELECT login FROM app_user").fetchall() == [("somebody",)]


def test_an_interrupted_seed_leaves_nothing(
    new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = new_database()
    with psycopg.connect(url, autocommit=True) as connection:
        migrate(connection)
        before = schema_of(url)
        monkeypatch.setattr("system_daemon.linkcare.population.add_sessions", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            seed(connection, FEW, as_of=AS_OF)
        assert schema_of(url) == before
        assert connection.execute("SELECT count(*) FROM task").fetchone() == (0,)


def _interrupt(*_arguments: object, **_options: object) -> None:
    raise KeyboardInterrupt
