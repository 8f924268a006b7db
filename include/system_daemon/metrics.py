"""What the package measures of its own work, through whatever stats Airflow is configured for.

Each name stands once here and once in ``docs/metrics.md``. An outcome is part of the name, so that
plain StatsD, which drops tags, tells them apart; service, queue and task are tags. No metric may
harm what it measures: a failing backend is a line in the debug log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

PREFIX = "system_daemon"
_log = logging.getLogger(__name__)


class Stats(Protocol):
    """The part of Airflow's stats that is used here."""

    def incr(self, stat: str, count: int, *, tags: dict[str, Any]) -> None:
        """Add to a counter."""

    def gauge(self, stat: str, value: float, *, tags: dict[str, Any]) -> None:
        """Set a level."""

    def timing(self, stat: str, dt: float, *, tags: dict[str, Any]) -> None:
        """Record a duration in milliseconds."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """The package's events as metrics."""

    stats: Stats

    def service_called(
        self, service: str, outcome: str, *, duration_ms: int, lateness_s: float | None
    ) -> None:
        """One attempt at a service ended.

        Args:
            service: its name.
            outcome: success, idle, error, timeout or locked.
            duration_ms: of the call; 0 when nothing was sent, which is not recorded.
            lateness_s: from the run's due time to the attempt; None for a run nobody waited for.
        """
        tags = {"service": service}
        self._emit(self.stats.incr, f"service.{outcome}", 1, tags)
        if duration_ms:
            self._emit(self.stats.timing, "service.duration", duration_ms, tags)
        if lateness_s is not None:
            self._emit(self.stats.timing, "service.lateness", lateness_s * 1000, tags)

    def jobs_waiting(self, queue: str, *, depth: int, oldest_age_s: float | None) -> None:
        """How many jobs wait in a queue, and for how long the first of them has, where known."""
        tags = {"queue": queue}
        self._emit(self.stats.gauge, "jobs.depth", depth, tags)
        self._emit(self.stats.gauge, "jobs.oldest_age", oldest_age_s or 0.0, tags)

    def jobs_ended(self, queue: str, counts: Mapping[str, int]) -> None:
        """Jobs by what became of them: done, failed (attempts), promoted, buried, reaped, holds."""
        for result, count in counts.items():
            if count:
                self._emit(self.stats.incr, f"jobs.{result}", count, {"queue": queue})

    def task_swept(
        self,
        task: str,
        counts: Mapping[str, int],
        *,
        seconds: float,
        reports: Collection[str] = (),
    ) -> None:
        """A maintenance task ended.

        Args:
            task: its name.
            counts: rows, by what was counted.
            seconds: its time.
            reports: those of the counts that tell how many rows there are; the others tell how many
                the task touched.
        """
        tags = {"task": task}
        for counted, rows in counts.items():
            counter = {**tags, "counted": counted}
            if counted in reports:
                self._emit(self.stats.gauge, "maintenance.found", rows, counter)
            elif rows:
                self._emit(self.stats.incr, "maintenance.rows", rows, counter)
        self._emit(self.stats.timing, "maintenance.duration", seconds * 1000, tags)

    def _emit(
        self, send: Callable[..., None], name: str, value: float, tags: dict[str, str]
    ) -> None:
        try:
            send(f"{PREFIX}.{name}", value, tags=tags)
        except Exception:  # a backend may raise anything
            _log.debug("the metric %s was not sent", name, exc_info=True)
