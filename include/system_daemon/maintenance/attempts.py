"""A batch that is tried again, and made smaller, where it meets locks or takes too long."""

from __future__ import annotations

from collections.abc import Callable

from system_daemon.maintenance.batches import Batch, Database, InTheWayError, TooSlowError
from system_daemon.maintenance.sql_failure import too_slow
from system_daemon.maintenance.statements import Statement

_TRIES = 3
_TIMES_SMALLER, _TIMES_LARGER = 4, 2


class Attempts:
    """The batches of one statement, of the size that gets through."""

    def __init__(
        self,
        database: Database,
        statement: Statement,
        *,
        size: int,
        log: Callable[[str], None],
        hurry: Callable[[], bool],
    ) -> None:
        self._database = database
        self._statement = statement
        self._log = log
        self._hurry = hurry
        self._largest = self._size = size
        self.cursor: dict[str, object] = dict.fromkeys(statement.cursor)

    def next(self, values: dict[str, object], *, at_most: int) -> tuple[Batch, int] | None:
        """The next batch, and how many rows it asked for; None: not even one row can be had.

        Args:
            values: of the parameters, without the batch's size and the cursor.
            at_most: rows that it may take.

        Raises:
            StatementFailedError: as `Database.change` does, or one row takes too long.
            ConnectionLostError: as `Database.change` does.
        """
        tries = 0
        while True:
            asked = min(self._size, at_most)
            try:
                batch = self._database.change(
                    self._statement, {**values, **self.cursor, "batch": asked}
                )
            except TooSlowError:
                if asked == 1:
                    raise too_slow(self._statement, self._database.statement_timeout) from None
                self._largest = self._smaller(asked)
                self._log(
                    f"{self._statement.name}: {asked:,} rows take longer than statement_timeout;"
                    f" on with {self._size:,}"
                )
            except InTheWayError:
                tries += 1
                if self._hurry() or (asked == 1 and tries >= _TRIES):
                    return None
                if tries >= _TRIES:
                    tries = 0
                    self._smaller(asked)
            else:
                self.cursor = batch.cursor
                self._size = min(self._largest, self._size * _TIMES_LARGER)
                return batch, asked

    def _smaller(self, asked: int) -> int:
        self._size = max(1, asked // _TIMES_SMALLER)
        return self._size
