"""What a run has done so far, added up batch by batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from system_daemon.maintenance.batches import Batch
from system_daemon.maintenance.statements import Statement
from system_daemon.maintenance.sweep_values import Left, Swept


class Tally:
    """The sums of one run.

    Args:
        changing: its statements without its reports, whose counts are told even where they are 0.
    """

    def __init__(self, changing: Iterable[Statement]) -> None:
        self._counts: Counter[str] = Counter(
            {name: 0 for statement in changing for name in statement.counts}
        )
        self._reports: set[str] = set()
        self._batches = 0
        self._rows_left: int | None = 0
        self.rows = 0
        """Rows that were due and taken."""
        self.touched = 0
        """All that was counted, rows below those that were due included."""

    def report(self, found: Batch) -> None:
        """Add what a report counted."""
        self._counts.update(found.counts)
        self._reports.update(found.counts)

    def preview(self, found: Batch) -> None:
        """Add what a batch would have done."""
        self.rows += found.rows
        self.touched += found.touched
        self._counts.update(found.counts)

    def batch(self, done: Batch) -> None:
        """Add what a batch has done."""
        self.preview(done)
        self._batches += done.rows > 0

    def left(self, rows: int | None) -> None:
        """Add rows that are left for the next run; None: nobody knows how many."""
        known = self._rows_left
        self._rows_left = None if rows is None or known is None else known + rows

    def swept(self, *, as_of: datetime, dry_run: bool, seconds: float, left: Left | None) -> Swept:
        """The whole."""
        return Swept(
            counts=dict(self._counts),
            reports=frozenset(self._reports),
            rows=self.rows,
            touched=self.touched,
            batches=self._batches,
            as_of=as_of,
            dry_run=dry_run,
            seconds=seconds,
            left=left,
            rows_left=self._rows_left,
        )
