"""What a run may be asked to do: the fields of the trigger form, and their values in a run."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

ROWS_OF_A_BATCH = 100_000
"""The largest batch that may be asked for."""
LARGEST_VERSION = 2**31 - 1
"""PostgreSQL's integer."""
DIGITS = r"^0*[1-9][0-9]{0,8}$"
"""A whole number as the platform's PHP writes it into a job: a text."""
MOMENT = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$"
"""Airflow's form knows a date-time; what comes by its API is held to this."""


class ParamRefusedError(Exception):
    """A Param has a value that no run can act on; the sentence says what to give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What one run is to do."""

    as_of: datetime | None
    """The moment as of which it acts; None: the database's clock."""
    dry_run: bool
    """Count, change nothing."""
    batch_size: int | None
    """Rows of a batch, where it differs from the task's own."""
    allow_more: bool
    """The brake lets it pass."""
    statement_params: Mapping[str, object]
    """What the statements are given of the form."""


def asked(
    params: Mapping[str, Any], *, own: Collection[str], backfilled: datetime | None, now: datetime
) -> Asked:
    """The values of a run's params.

    Args:
        params: as Airflow has validated them.
        own: names of the params that belong to the task's statements.
        backfilled: the logical date of a backfill's run, as of which it acts.
        now: the present.

    Raises:
        ParamRefusedError: ``as_of`` is no moment, or lies in the future of a real run.
    """
    dry_run = bool(params.get("dry_run"))
    as_of = _moment(params.get("as_of")) or backfilled
    if as_of is not None and as_of > now and not dry_run:
        raise ParamRefusedError(
            f"expected an as_of that is not in the future, got {as_of.isoformat()}; only a dry run"
            " can look ahead"
        )
    return Asked(
        as_of=as_of,
        dry_run=dry_run,
        batch_size=params.get("batch_size"),
        allow_more=bool(params.get("allow_more")),
        statement_params={name: _number(params.get(name)) for name in sorted(own)},
    )


def _number(value: object) -> object:
    return int(value) if isinstance(value, str) else value


def _moment(text: object) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ParamRefusedError(
            "expected an as_of such as 2027-03-28T02:30:00+00:00, with its offset from UTC, got"
            f" {str(text)[:40]!r}"
        )
    return moment.astimezone(UTC)
