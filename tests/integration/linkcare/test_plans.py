"""No statement of the shipped tasks reads a large table whole, however little there is to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg

from system_daemon.configuration.catalogue import CATALOGUE
from system_daemon.linkcare.loading import seed
from system_daemon.linkcare.migrations import migrate
from system_daemon.maintenance.sql_text import Query
from system_daemon.maintenance.statements import Statement, read_statements
from system_daemon.shipped_sql import shipped_sql
from tests.integration.linkcare.test_sweeps import AS_OF

GIVEN: dict[str, object] = {
    "max_inactive": 1800,
    "may_expire": True,
    "subscription": 1,
    "from_version": None,
    "to_version": None,
}
SMALL = {"program", "subscription"}
"""A hospital has dozens of them."""


def _scans(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What reads a table, anywhere in a plan."""
    if "Relation Name" in node and node["Node Type"] != "ModifyTable":
        yield node
    for below in node.get("Plans", ()):
        yield from _scans(below)


def _plan(database: psycopg.Connection, statement: Statement, query: Query) -> dict[str, Any]:
    values = {**GIVEN, "as_of": AS_OF, "batch": 1_000, **dict.fromkeys(statement.cursor)}
    cursor = psycopg.RawCursor(database)
    cursor.execute(f"EXPLAIN (FORMAT JSON) {query.text}".encode(), query.values(values))
    (plan,) = cursor.fetchone() or ({},)
    found: dict[str, Any] = plan[0]["Plan"]
    return found


def test_every_statement_finds_its_rows_by_an_index(database: psycopg.Connection) -> None:
    migrate(database)
    seed(database, 20_000, as_of=AS_OF)
    # As in a batch: what is left is what there is no index for.
    for off in ("seqscan", "bitmapscan", "hashjoin", "mergejoin"):
        database.execute(f"SET enable_{off} = off")
    whole = set()
    for task in CATALOGUE:
        for statement in read_statements(shipped_sql("linkcare") / task.sql, parameters=GIVEN):
            queries = (
                [statement.preview] if statement.report else [statement.preview, statement.change]
            )
            for query in queries:
                for scan in _scans(_plan(database, statement, query)):
                    if "Index Cond" not in scan and scan["Relation Name"] not in SMALL:
                        whole.add((task.name, statement.name, scan["Relation Name"]))
    assert whole == set()
