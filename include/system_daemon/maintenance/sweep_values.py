"""What a run of a maintenance task is asked for, and what it did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from system_daemon.configuration.maintenance import Brake

COUNTED_AT_MOST = 100_000
"""Rows to which a report counts, and what is left: that many means "at least that many"."""


class Left(StrEnum):
    """Why rows that are due were left for the next run."""

    LOCKED = "locked"
    """Others had them locked, or something below them waits."""
    MAX_ROWS = "max_rows"
    DEADLINE = "deadline"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """One run that is asked for."""

    task: str
    """Name of the task, for log lines."""
    as_of: datetime | None = None
    """The moment as of which it acts; None: the database's clock at its start."""
    timezone: str = "UTC"
    """IANA name: by whose calendar a month is counted."""
    dry_run: bool = False
    """Count, change nothing."""
    batch_size: int = 2_500
    max_rows: int = 2_000_000
    """Rows after which it stops."""
    deadline: float = 3_600
    """Seconds after which it begins no further batch."""
    lock_timeout: float = 1
    """Seconds."""
    statement_timeout: float = 60
    """Seconds."""
    params: Mapping[str, object] = field(default_factory=dict)
    """What the statements are given beside ``as_of`` and ``batch``."""
    brake: Brake | None = None
    """None: it may touch any number of rows, also when it is allowed to."""
    history: Sequence[int] = ()
    """What the last runs touched, for the brake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a run did, or would do."""

    counts: dict[str, int]
    """By the names in the statements; reports too."""
    reports: frozenset[str]
    """Those of the counts that only tell how many rows there are, again by each run."""
    rows: int
    """Rows that were due and taken: what ``max_rows`` bounds. Reports do not count."""
    touched: int
    """All counts but those of reports, rows below those that were due included: what the brake
    compares."""
    batches: int
    as_of: datetime
    dry_run: bool
    seconds: float
    left: Left | None = None
    """Why rows that are due were left; None: none were."""
    rows_left: int | None = None
    """How many, counted to COUNTED_AT_MOST; None: not counted."""
