"""What a configured service will do next, as far as its plan alone tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from system_daemon.configuration.services import Service
from system_daemon.configuration.settings import Settings
from system_daemon.schedule.after_run import AfterRun
from system_daemon.schedule.daily import Daily
from system_daemon.schedule.words import duration
from system_daemon.services.plan import schedule
from system_daemon.services.words import sentence, target

_DUE_TIMES = 3


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
            due = _due_times(plan, now)
            told = ", ".join(time.isoformat(" ", _precision(plan)) for time in due)
        case AfterRun():
            told = _after_run_in_words(plan)
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
        next_in_words=told,
    )


def _due_times(plan: Daily, now: datetime) -> list[datetime]:
    found = [plan.next_after(now)]
    while len(found) < _DUE_TIMES:
        found.append(plan.next_after(found[-1]))
    return [time.astimezone(plan.zone) for time in found]


def _precision(plan: Daily) -> str:
    return "seconds" if plan.time.second else "minutes"


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
