"""Looks at what is due: no lock is taken, nothing is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from system_daemon.maintenance.batches import Batch, Database, InTheWayError, TooSlowError
from system_daemon.maintenance.sql_failure import locked_out, too_slow
from system_daemon.maintenance.statements import Statement
from system_daemon.maintenance.sweep_values import COUNTED_AT_MOST

_TRIES = 3
_LEFT_TIMEOUT = 10.0
"""Seconds that counting what is left may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """The counts of one run, as of its moment."""

    database: Database
    values: Mapping[str, object]
    """Of the statements' parameters, without the batch's size."""
    timeout: float
    """Seconds that a count may take; it holds no lock, so it may be longer than a batch's."""
    stopped: Callable[[], bool]
    """Whether the run shall stop."""

    def due(self, statement: Statement, rows: int) -> Batch:
        """What is due now, to that many rows.

        Raises:
            LockedOutError: somebody holds a lock on the table.
            StatementFailedError: it cannot be run, or takes too long.
            ConnectionLostError: as `Database.preview` does.
        """
        for _ in range(_TRIES):
            try:
                return self._preview(statement, rows, self.timeout)
            except TooSlowError:
                raise too_slow(statement, self.timeout) from None
            except InTheWayError:
                if self.stopped():
                    break
        raise locked_out(statement, self.database.lock_timeout)

    def is_idle(self, statement: Statement) -> bool:
        """Whether nothing at all is due; False where that cannot be said. Raises as `due` does."""
        try:
            return self._preview(statement, 1).rows == 0
        except (TooSlowError, InTheWayError):
            return False

    def left(self, statement: Statement) -> int | None:
        """Rows that are still due, to COUNTED_AT_MOST; None where that takes too long."""
        try:
            return self._preview(statement, COUNTED_AT_MOST, _LEFT_TIMEOUT).rows
        except (TooSlowError, InTheWayError):
            return None

    def to_do(self, statements: Iterable[Statement], *, at_most: int) -> int | None:
        """Rows that are due to some statements together; None where that takes too long."""
        rows = 0
        for statement in statements:
            try:
                rows += self._preview(statement, at_most - rows).rows
            except (TooSlowError, InTheWayError):
                return None
        return rows

    def _preview(self, statement: Statement, rows: int, timeout: float | None = None) -> Batch:
        return self.database.preview(statement, {**self.values, "batch": rows}, timeout=timeout)
