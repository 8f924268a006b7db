"""What a run is asked to do: the values of the trigger form."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from system_daemon.maintenance.params import MOMENT, Asked, ParamRefusedError, asked

NOW = datetime(2027, 3, 28, 12, 0, tzinfo=UTC)
EMPTY = {"dry_run": False, "as_of": None, "batch_size": None, "allow_more": False}


def read(backfilled: datetime | None = None, own: tuple[str, ...] = (), **params: Any) -> Asked:
    return asked(EMPTY | params, own=own, backfilled=backfilled, now=NOW)


def test_nothing_asked_is_the_databases_clock_and_the_tasks_own_rules() -> None:
    assert read() == Asked(
        as_of=None, dry_run=False, batch_size=None, allow_more=False, statement_params={}
    )


def test_a_backfill_acts_as_of_its_own_date_unless_it_is_told_otherwise() -> None:
    day = NOW - timedelta(days=9)
    assert read(backfilled=day).as_of == day
    assert read(backfilled=day, as_of="2027-01-01T00:00:00Z").as_of == datetime(
        2027, 1, 1, tzinfo=UTC
    )


@pytest.mark.parametrize(
    "text", ["2027-03-28T02:30:00+01:00", "2027-03-28T01:30:00Z", "2027-03-28 01:30+00:00"]
)
def test_a_moment_has_an_offset(text: str) -> None:
    assert re.fullmatch(MOMENT, text)
    assert read(as_of=text).as_of == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2027-03-28T02:30:00", "2027-13-28T02:30:00Z", "yesterday"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ParamRefusedError, match=r"expected an as_of such as 2027-03-28T02:30:00"):
        read(as_of=text)


def test_r16_only_a_dry_run_looks_ahead() -> None:
    ahead = (NOW + timedelta(seconds=1)).isoformat()
    with pytest.raises(ParamRefusedError, match="not in the future"):
        read(as_of=ahead)
    assert read(as_of=ahead, dry_run=True).as_of == NOW + timedelta(seconds=1)
    assert read(as_of=NOW.isoformat()).as_of == NOW


def test_statements_get_what_their_form_asks_and_nothing_else() -> None:
    found = read(own=("subscription", "to_version"), subscription=7, other=8)
    assert found.statement_params == {"subscription": 7, "to_version": None}


def test_r21_a_number_that_came_as_a_text_is_one() -> None:
    found = read(own=("subscription", "to_version"), subscription="0012", to_version="3")
    assert found.statement_params == {"subscription": 12, "to_version": 3}
