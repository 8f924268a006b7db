"""The sweep: a task's statements in short transactions, batch by batch, until nothing is due.

Nobody waits for it longer than one batch, and it waits for nobody longer than ``lock_timeout``.
What it leaves, the next run finds: every batch is looked for anew, and committed on its own. Where
nothing is due, one look is all that a statement costs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg

from system_daemon.maintenance.attempts import Attempts
from system_daemon.maintenance.batches import Database
from system_daemon.maintenance.braking import BrakeError, Limit, brake_error, limit
from system_daemon.maintenance.counting import Counting
from system_daemon.maintenance.neighbours import Neighbours
from system_daemon.maintenance.pace import Pace
from system_daemon.maintenance.progress import Progress
from system_daemon.maintenance.sql_failure import (
    ConnectionLostError,
    LockedOutError,
    StatementFailedError,
    SweepError,
)
from system_daemon.maintenance.statements import Statement
from system_daemon.maintenance.sweep_values import COUNTED_AT_MOST, Left, Sweep, Swept
from system_daemon.maintenance.tally import Tally

__all__ = [
    "BrakeError",
    "ConnectionLostError",
    "Left",
    "LockedOutError",
    "StatementFailedError",
    "Sweep",
    "SweepError",
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
    rest: Callable[[float], None] = time.sleep,
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
        rest: waits so many seconds between batches, where others use the database.

    Raises:
        BrakeError: the run would touch too many rows; nothing was changed.
        StatementFailedError: a statement cannot be run; what was committed before it stays.
        LockedOutError: nothing could be counted for a lock on a whole table; nothing was changed.
        ConnectionLostError: a new try on a new connection goes on where this one was.
        All but the first know what was done before: `SweepError.swept`.
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
        doors=_Doors(log=log, hand_over=hand_over, stopped=stopped, clock=clock, rest=rest),
    )
    try:
        for statement in statements:
            if statement.report:
                run.report(statement)
        return run.preview() if request.dry_run else run.change()
    except SweepError as error:
        error.swept = run.so_far()
        raise


@dataclass(frozen=True, slots=True, kw_only=True)
class _Doors:
    """How a run speaks with the world around it."""

    log: Callable[[str], None]
    hand_over: Callable[[list[int]], None]
    stopped: Callable[[], bool]
    clock: Callable[[], float]
    rest: Callable[[float], None]


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
        self._counting = Counting(
            database=database,
            values=self._values,
            timeout=max(request.statement_timeout, request.deadline),
            stopped=doors.stopped,
        )
        self._pace = Pace(Neighbours(database), clock=doors.clock, rest=doors.rest)
        self._tally = Tally(self._changing)

    def report(self, statement: Statement) -> None:
        """Count what a report is about."""
        try:
            found = self._counting.due(statement, COUNTED_AT_MOST)
        except LockedOutError as error:
            self._doors.log(f"{self._request.task}: {error}")
        else:
            self._tally.report(found)

    def preview(self) -> Swept:
        """Count what `change` would do."""
        for statement in self._changing:
            self._tally.preview(self._counting.due(statement, self._budget()))
        self._tally.left(None)
        allowed = self._allowed()
        if allowed is not None and self._tally.touched > allowed.rows:
            self._doors.log(
                f"{self._request.task}: its brake would stop this run: {allowed.reason}"
            )
        return self._swept(None if self._budget() else Left.MAX_ROWS)

    def change(self) -> Swept:
        """Do it."""
        if self._is_braked_idle():
            return self._swept(None)
        left: Left | None = None
        for statement in self._changing:
            bound = left if left not in {None, Left.LOCKED} else None
            reason = self._left_over(statement, bound) if bound else self._exhaust(statement)
            left = bound or reason or left
        return self._swept(left)

    def so_far(self) -> Swept:
        """What was done before an error."""
        self._tally.left(None)
        return self._swept(None)

    def _allowed(self) -> Limit | None:
        allowed = limit(self._request.brake, self._request.history)
        return None if allowed is None or allowed.rows >= self._request.max_rows else allowed

    def _is_braked_idle(self) -> bool:
        """Whether the brake looked and saw nothing to do at all. Raises BrakeError."""
        allowed = self._allowed()
        if allowed is None:
            return False
        touched = 0
        for statement in self._changing:
            # Every row that is due counts as one at least: no need to look at more of them.
            found = self._counting.due(statement, allowed.rows + 1)
            touched += max(found.rows, found.touched)
            if touched > allowed.rows:
                raise brake_error(touched, allowed)
        return touched == 0

    def _exhaust(self, statement: Statement) -> Left | None:
        """Batch after batch of one statement; why rows are left, None if none are."""
        if self._counting.is_idle(statement):
            return None
        attempts = Attempts(
            self._database,
            statement,
            size=self._request.batch_size,
            log=self._doors.log,
            hurry=lambda: self._must_stop() is not None,
        )
        while (reason := self._must_stop()) is None:
            before, began = attempts.cursor, self._doors.clock()
            done = attempts.next(self._values, at_most=self._pace.at_most(self._budget()))
            if done is None:
                break
            batch, asked = done
            took = self._doors.clock() - began
            self._tally.batch(batch)
            if batch.notifications:
                self._doors.hand_over(batch.notifications)
            self._progress.after(self._tally.rows, lambda: self._to_do(statement))
            moved = any(batch.counts.values()) or batch.cursor != before
            if batch.rows < asked or not moved:
                break
            self._pace.after(took)
        return self._left_over(statement, reason)

    def _left_over(self, statement: Statement, reason: Left | None) -> Left | None:
        """Count and say what is left of a statement, and why."""
        rows = None if reason is Left.STOPPED else self._counting.left(statement)
        self._tally.left(rows)
        if not rows:
            return None if rows == 0 else reason
        why = reason or Left.LOCKED
        least = "at least " if rows == COUNTED_AT_MOST else ""
        self._doors.log(
            f"{self._request.task}: {statement.name} leaves {least}{rows:,} rows for the next run:"
            f" {_WHY[why]}"
        )
        return why

    def _to_do(self, first: Statement) -> int | None:
        """Rows that this statement and those after it still find."""
        following = self._changing[self._changing.index(first) :]
        return self._counting.to_do(following, at_most=self._budget())

    def _budget(self) -> int:
        return max(0, self._request.max_rows - self._tally.rows)

    def _must_stop(self) -> Left | None:
        if self._doors.stopped():
            return Left.STOPPED
        if self._budget() == 0:
            return Left.MAX_ROWS
        if self._doors.clock() - self._start >= self._request.deadline:
            return Left.DEADLINE
        return None

    def _swept(self, left: Left | None) -> Swept:
        return self._tally.swept(
            as_of=self._as_of,
            dry_run=self._request.dry_run,
            seconds=self._doors.clock() - self._start,
            left=left,
        )


_WHY = {
    Left.LOCKED: "others have locked them, or something below them",
    Left.MAX_ROWS: "max_rows is reached",
    Left.DEADLINE: "the deadline is over",
}
