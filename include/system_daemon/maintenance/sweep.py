"""The sweep: a task's statements in short transactions, batch by batch, until nothing is due.

Nobody waits for it longer than one batch, and it waits for nobody longer than ``lock_timeout``.
What it leaves, the next run finds: every batch is looked for anew, and committed on its own.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg

from system_daemon.maintenance.attempts import Attempts
from system_daemon.maintenance.batches import Batch, Database, InTheWayError, TooSlowError
from system_daemon.maintenance.braking import BrakeError, brake_error, limit
from system_daemon.maintenance.progress import Progress
from system_daemon.maintenance.sql_failure import (
    ConnectionLostError,
    StatementFailedError,
    too_slow,
)
from system_daemon.maintenance.statements import Statement
from system_daemon.maintenance.sweep_values import COUNTED_AT_MOST, Left, Sweep, Swept

__all__ = [
    "BrakeError",
    "ConnectionLostError",
    "Left",
    "StatementFailedError",
    "Sweep",
    "Swept",
    "sweep",
]


def sweep(
    connection: psycopg.Connection,
    statements: Sequence[Statement],
    request: Sweep,
    *,
    log: Callable[[str], None],
    hand_over: Callable[[list[int]], None] = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
    clock: Callable[[], float] = time.monotonic,
) -> Swept:
    """Run a task's statements once.

    Args:
        connection: to the platform's database, not in a transaction.
        statements: from `read_statements`.
        request: what is asked for.
        log: gets each line.
        hand_over: gets the keys of notifications after the commit that made them ready. What it
            raises ends the run; the rows stay and are rescued by DELAYED_NOTIFICATIONS.
        stopped: asked between batches whether to stop.
        clock: seconds, for the deadline and the progress.

    Raises:
        BrakeError: the run would touch too many rows; nothing was changed.
        StatementFailedError: a statement cannot be run; what was committed before it stays.
        ConnectionLostError: a new try on a new connection goes on where this one was.
    """
    database = Database(
        connection=connection,
        timezone=request.timezone,
        lock_timeout=request.lock_timeout,
        statement_timeout=request.statement_timeout,
    )
    run = _Run(
        database=database,
        statements=statements,
        request=request,
        as_of=request.as_of or database.clock(),
        doors=_Doors(log=log, hand_over=hand_over, stopped=stopped, clock=clock),
    )
    for statement in statements:
        if statement.report:
            run.report(statement)
    return run.preview() if request.dry_run else run.change()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Doors:
    """How a run speaks with the world around it."""

    log: Callable[[str], None]
    hand_over: Callable[[list[int]], None]
    stopped: Callable[[], bool]
    clock: Callable[[], float]


class _Run:
    """The state of one run."""

    def __init__(
        self,
        *,
        database: Database,
        statements: Sequence[Statement],
        request: Sweep,
        as_of: datetime,
        doors: _Doors,
    ) -> None:
        self._database = database
        self._changing = [each for each in statements if not each.report]
        self._request = request
        self._values = {**request.params, "as_of": as_of}
        self._as_of = as_of
        self._doors = doors
        self._start = doors.clock()
        self._progress = Progress(request.task, doors.log, doors.clock)
        self._counts: Counter[str] = Counter(
            {name: 0 for statement in statements for name in statement.counts}
        )
        self._rows = 0
        self._batches = 0
        self._rows_left: int | None = 0

    def report(self, statement: Statement) -> None:
        """Count what a report is about."""
        self._counts.update(self._found(statement, COUNTED_AT_MOST).counts)

    def preview(self) -> Swept:
        """Count what `change` would do."""
        for statement in self._changing:
            found = self._found(statement, self._budget())
            self._rows += found.rows
            self._counts.update(found.counts)
        self._rows_left = None
        return self._swept(None if self._budget() else Left.MAX_ROWS)

    def change(self) -> Swept:
        """Do it."""
        left: Left | None = None
        for statement in self._braked():
            reason = self._exhaust(statement)
            left = reason or left
            if reason not in {None, Left.LOCKED}:
                break
        return self._swept(left)

    def _braked(self) -> list[Statement]:
        """The statements, without those that were found to have nothing to do.

        Raises BrakeError.
        """
        allowed = limit(self._request.brake, self._request.history)
        if allowed is None or allowed.rows >= self._request.max_rows:
            return self._changing
        rows: dict[str, int] = {}
        for statement in self._changing:
            budget = self._request.max_rows - sum(rows.values())
            rows[statement.name] = self._found(statement, budget).rows
        if sum(rows.values()) > allowed.rows:
            raise brake_error(sum(rows.values()), allowed)
        return [each for each in self._changing if rows[each.name]]

    def _exhaust(self, statement: Statement) -> Left | None:
        """Batch after batch of one statement; why rows are left, None if none are."""
        attempts = Attempts(
            self._database,
            statement,
            size=self._request.batch_size,
            log=self._doors.log,
            hurry=lambda: self._must_stop() is not None,
        )
        while (reason := self._must_stop()) is None:
            before = attempts.cursor
            done = attempts.next(self._values, at_most=self._budget())
            if done is None:
                break
            batch, asked = done
            self._add(batch)
            self._progress.after(self._rows, lambda: self._remaining(statement))
            moved = any(batch.counts.values()) or batch.cursor != before
            if batch.rows < asked or not moved:
                break
        return self._left_over(statement, reason)

    def _add(self, batch: Batch) -> None:
        self._rows += batch.rows
        self._counts.update(batch.counts)
        self._batches += batch.rows > 0
        if batch.notifications:
            self._doors.hand_over(batch.notifications)

    def _left_over(self, statement: Statement, reason: Left | None) -> Left | None:
        """Count and say what is left of a statement, and why."""
        if reason is Left.STOPPED:
            self._rows_left = None
            return reason
        try:
            rows = self._database.preview(
                statement, {**self._values, "batch": COUNTED_AT_MOST}
            ).rows
        except (TooSlowError, InTheWayError):
            self._rows_left = None
            return reason
        if rows == 0:
            return None
        why = reason or Left.LOCKED
        if self._rows_left is not None:
            self._rows_left += rows
        least = "at least " if rows == COUNTED_AT_MOST else ""
        self._doors.log(
            f"{self._request.task}: {statement.name} leaves {least}{rows:,} rows for the next run:"
            f" {_WHY[why]}"
        )
        return why

    def _found(self, statement: Statement, rows: int) -> Batch:
        """What is due now, to that many rows."""
        # A count holds no lock: it may take longer than a batch.
        timeout = max(self._request.statement_timeout, self._request.deadline)
        try:
            return self._database.preview(
                statement, {**self._values, "batch": rows}, timeout=timeout
            )
        except (TooSlowError, InTheWayError):
            raise too_slow(statement, timeout) from None

    def _remaining(self, first: Statement) -> int | None:
        """Rows that this statement and those after it still find."""
        rows = 0
        for statement in self._changing[self._changing.index(first) :]:
            values = {**self._values, "batch": self._budget() - rows}
            try:
                rows += self._database.preview(statement, values).rows
            except (TooSlowError, InTheWayError):
                return None
        return rows

    def _budget(self) -> int:
        return max(0, self._request.max_rows - self._rows)

    def _must_stop(self) -> Left | None:
        if self._doors.stopped():
            return Left.STOPPED
        if self._budget() == 0:
            return Left.MAX_ROWS
        if self._doors.clock() - self._start >= self._request.deadline:
            return Left.DEADLINE
        return None

    def _swept(self, left: Left | None) -> Swept:
        return Swept(
            counts=dict(self._counts),
            rows=self._rows,
            batches=self._batches,
            as_of=self._as_of,
            dry_run=self._request.dry_run,
            seconds=self._doors.clock() - self._start,
            left=left,
            rows_left=self._rows_left,
        )


_WHY = {
    Left.LOCKED: "others have locked them, or something below them",
    Left.MAX_ROWS: "max_rows is reached",
    Left.DEADLINE: "the deadline is over",
}
