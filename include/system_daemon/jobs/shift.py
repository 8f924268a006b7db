"""What one consumer did from its start to its end."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(slots=True)
class Shift:
    """Counts for logs and metrics; nothing of any job."""

    claimed: int = 0
    """Jobs taken from the queue."""
    acked: int = 0
    """Jobs done and acknowledged."""
    late: int = 0
    """Jobs done whose acknowledgement was refused: another consumer had been given them."""
    failed: int = 0
    """Attempts that failed."""
    promoted: int = 0
    """Jobs that got a DAG run of their own."""
    buried: int = 0
    """Jobs without a route, unreadable ones, and promoted ones whose run is gone."""
    reaped: int = 0
    """Jobs of dead consumers that wait again."""
    given_back: int = 0
    """Jobs returned to the head of the queue."""
    holds: int = 0
    """How many times a route was held: its target failed most of the time, or asked for a pause."""

    def __str__(self) -> str:
        """``claimed=3 acked=2 ...``, as in a log line."""
        return " ".join(f"{name}={count}" for name, count in asdict(self).items())
