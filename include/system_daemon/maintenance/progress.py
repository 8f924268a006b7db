"""Lines that say how far a long run is; a short one says nothing."""

from __future__ import annotations

from collections.abc import Callable

_EVERY_SECONDS = 5.0


class Progress:
    """Says at most every few seconds how many rows are done, of how many (R54)."""

    def __init__(self, task: str, log: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._task = task
        self._log = log
        self._clock = clock
        self._start = self._said = clock()
        self._total: int | None = None
        self._counted = False

    def after(self, rows: int, remaining: Callable[[], int | None]) -> None:
        """Say it if it is time to: `rows` are done; `remaining` counts the others, once."""
        now = self._clock()
        if now - self._said < _EVERY_SECONDS:
            return
        self._said = now
        if not self._counted:
            self._counted = True
            others = remaining()
            self._total = None if others is None else rows + others
        total = "" if self._total is None else f" of about {max(rows, self._total):,}"
        self._log(f"{self._task}: {rows:,}{total} rows, {now - self._start:.0f} s")
