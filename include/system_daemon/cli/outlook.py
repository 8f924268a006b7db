"""What a configured service will do next, as far as its plan alone tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from system_daemon.cli.due_times import due_times, told
from system_daemon.configuration.services import Service
from system_daemon.configuration.settings import Settings
from system_daemon.schedule.after_run import AfterRun
from system_daemon.schedule.daily import Daily
from system_daemon.schedule.words import duration
from system_daemon.services.plan import schedule
from system_daemon.services.words import sentence, target


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """One service for the list of `services`."""

    name: str
    dag_id: str
    endpoint: str
    """Without its query."""
    words: str
    """When it is called, how long a call may take, and what keeps two calls apart."""
    next_due: tuple[str, ...]
    """The next due times in the plan's zone, in ISO 8601; none for an interval plan."""
    next_in_words: str
    """The same for people; for an interval plan what the times depend on."""


def outlook(service: Service, settings: Settings, *, now: datetime) -> Outlook:
    """What the service will do after ``now``, as though it had never run and is not paused."""
    plan = schedule(service, settings)
    policy = service.lock_policy or settings.lock_policy
    concurrency = "true" if service.allow_concurrency else "false"
    due: list[datetime] = []
    match plan:
        case Daily():
            due = due_times(plan, now)
            expected = told(plan, due)
        case AfterRun():
            expected = _after_run_in_words(plan)
        case _:
            assert_never(plan)
    return Outlook(
        name=service.name,
        dag_id=service.dag_id,
        endpoint=target(service),
        words=(
            f"{sentence(service, settings)} (lock_policy is {policy}, allow_concurrency is"
            f" {concurrency})"
        ),
        next_due=tuple(time.isoformat() for time in due),
        next_in_words=expected,
    )


def _after_run_in_words(plan: AfterRun) -> str:
    waits = {
        "a success": plan.on_success,
        "an idle answer": plan.on_idle,
        "an error": plan.on_error,
        "a timeout": plan.on_timeout,
    }
    if len(set(waits.values())) == 1:
        return f"at once, then {_wait(plan.on_success)} the end of each run"
    return "at once, then " + ", ".join(f"{_wait(wait)} {end}" for end, wait in waits.items())


def _wait(seconds: float) -> str:
    return f"{duration(seconds)} after" if seconds else "right after"
