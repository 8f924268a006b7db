"""An interval after the end of the last run, by its outcome, as a pure value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from system_daemon.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterRun:
    """Seconds to wait after an execution until the next, by its outcome (R42)."""

    on_timeout: float
    on_idle: float
    on_success: float
    on_error: float

    def interval(self, outcome: Outcome, *, retry_after: float | None = None) -> timedelta:
        """The wait after that outcome.

        Args:
            outcome: how the last run ended.
            retry_after: seconds until a foreign lock expires, known after ``locked`` (R38).
        """
        match outcome:
            case Outcome.SUCCESS:
                seconds = self.on_success
            case Outcome.IDLE:
                seconds = self.on_idle
            case Outcome.ERROR:
                seconds = self.on_error
            case Outcome.TIMEOUT:
                seconds = self.on_timeout
            case Outcome.LOCKED:
                seconds = self.on_idle if retry_after is None else min(retry_after, self.on_idle)
            case _:
                assert_never(outcome)
        return timedelta(seconds=seconds)

    def due(
        self, *, ended: datetime, outcome: Outcome, retry_after: float | None = None
    ) -> datetime:
        """When the next run is due after one that ended at ``ended``."""
        return ended + self.interval(outcome, retry_after=retry_after)

    @property
    def shortest(self) -> timedelta:
        """The shortest of the waits."""
        return timedelta(seconds=min(self.on_timeout, self.on_idle, self.on_success, self.on_error))
