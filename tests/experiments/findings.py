"""What an experiment found."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field

import psycopg

from system_daemon.local.demo_call import ReceivedCall
from tests.deployment import Deployment, Run
from tests.waiting import wait_until

STATES = {"success": "success", "idle": "success", "error": "failed", "timeout": "failed"}
"""The state of a run by the outcome of its call."""


@dataclass(slots=True, kw_only=True)
class Findings:
    """One row of the table."""

    experiment: str
    unit: str
    """What is counted: kills, due times."""
    count: int = 0
    violations: list[str] = field(default_factory=list)
    """Sentences; none when every promise held."""
    recovery: list[float] = field(default_factory=list)
    """Seconds from each fault until the work went on."""
    notes: list[str] = field(default_factory=list)

    def expect(self, *, that: bool, otherwise: str) -> None:
        """Keep the sentence where the promise does not hold."""
        if not that:
            self.violations.append(otherwise)

    @property
    def recovery_in_words(self) -> str:
        """The middle and the longest recovery."""
        if not self.recovery:
            return ""
        middle, longest = statistics.median(self.recovery), max(self.recovery)
        if len(self.recovery) == 1:
            return f"{longest:.1f} s"
        return f"{middle:.1f} s in the middle, {longest:.1f} s at the longest"


def ended(run: Run) -> bool:
    return run.state in ("success", "failed")


def key(call: ReceivedCall) -> str:
    """The attempt that made the call."""
    return call.headers["Idempotency-Key"]


def let_pass(seconds: float) -> None:
    """Come to a moment that chance has chosen."""
    moment = time.monotonic() + seconds
    wait_until(
        lambda: time.monotonic() >= moment, timeout=seconds + 5, description="a chosen moment"
    )


def owns(deployment: Deployment, call: ReceivedCall) -> bool:
    """Whether the call was made by a task instance of this deployment."""
    task_id = key(call).rpartition(":")[0]
    with psycopg.connect(deployment.database_url) as connection:
        return (
            connection.execute(
                "SELECT 1 FROM task_instance WHERE id = %s"
                " UNION SELECT 1 FROM task_instance_history WHERE task_instance_id = %s",
                (task_id, task_id),
            ).fetchone()
            is not None
        )
