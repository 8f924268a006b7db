"""What happens to the jobs of one route, and whether it is held."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from system_daemon.jobs.breaker import Breaker
from system_daemon.jobs.verdict import Handler


@dataclass(frozen=True, slots=True, eq=False)
class Door:
    """What happens to the jobs of one route."""

    target: str
    """Where it leads, for logs."""
    handle: Handler | None
    """Runs one attempt; None for classes without a route, whose jobs are buried."""
    breaker: Breaker
    """The break of the target."""
    leaving: Breaker
    """The break of the way out: promoting and burying, which Airflow or Redis may refuse."""
    at_once: bool
    """Each job gets a DAG run of its own without being tried here."""

    @property
    def shut(self) -> bool:
        """Jobs of this route may not run now."""
        return self.breaker.until is not None or self.leaving.until is not None

    @property
    def barred(self) -> bool:
        """No claim may bring jobs of this route, but for the single one that is tried."""
        return self.shut or self.breaker.barred

    @property
    def until(self) -> float:
        """When a shut door may be tried, by the clock of its breaks."""
        return max(each.until or 0.0 for each in self._breakers())

    def probe(self) -> None:
        """Its time is over: the next attempt decides."""
        for each in self._breakers():
            each.probe()

    def down(self) -> tuple[float, str] | None:
        """Since when it has been failing, and how; None while it is not."""
        found = [
            (each.down_since, each.reason)
            for each in self._breakers()
            if each.down_since is not None
        ]
        return min(found) if found else None

    def _breakers(self) -> Iterator[Breaker]:
        yield self.breaker
        yield self.leaving
