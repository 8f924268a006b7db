"""One attempt at a service in the triggerer, and its outcome as Airflow's states.

This is the only place that turns an outcome into a state (R46).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, assert_never

from airflow.triggers.base import (
    BaseTaskEndEvent,
    BaseTrigger,
    TaskFailedEvent,
    TaskSkippedEvent,
    TaskSuccessEvent,
)
from airflow.utils.types import DagRunType

from system_daemon.airflow_stats import in_triggerer
from system_daemon.configuration.loading import load
from system_daemon.configuration.services import Service
from system_daemon.configuration.settings import Settings
from system_daemon.connections import ConnectionUnusableError, http_access, redis_url
from system_daemon.outcome import Outcome
from system_daemon.redis_client import shared
from system_daemon.schedule.daily import Daily
from system_daemon.schedule.task import OUTCOME, RETRY_AFTER
from system_daemon.services.attempt import Terms, attempt
from system_daemon.services.log_lines import log_outcome
from system_daemon.services.missed import say_what_was_missed
from system_daemon.services.plan import schedule
from system_daemon.services.request import Request
from system_daemon.services.result import Result


class CallTrigger(BaseTrigger):  # type: ignore[misc]
    """Calls a service and ends the task.

    Args:
        service: the configured name.
        run_type: Airflow's type of the run: scheduled, manual, backfill.
        due: when the run was due, ISO 8601.
    """

    def __init__(self, *, service: str, run_type: str, due: str) -> None:
        super().__init__()
        self.service = service
        self.run_type = run_type
        self.due = due

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class path and arguments, for Airflow's database."""
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        return path, {"service": self.service, "run_type": self.run_type, "due": self.due}

    async def run(self) -> AsyncIterator[BaseTaskEndEvent]:
        """The one event that ends the task."""
        yield await self.end()

    async def end(self) -> BaseTaskEndEvent:
        """Make the attempt; whatever breaks becomes an outcome too."""
        lateness = (datetime.now(UTC) - datetime.fromisoformat(self.due)).total_seconds()
        try:
            result = await self._attempt()
        except ConnectionUnusableError as error:
            result = self._refused(str(error))
        except Exception as error:
            # An exception that left a trigger would fail the task on a worker, without a word.
            self.log.exception("the attempt broke; nothing is known of the call")
            result = self._refused(f"unexpected {type(error).__name__}; see the log")
        in_triggerer().service_called(
            self.service,
            result.outcome.value,
            duration_ms=result.duration_ms,
            lateness_s=lateness if self._unattended() else None,
        )
        return ending(result)

    def _refused(self, message: str) -> Result:
        result = Result(outcome=Outcome.ERROR, message=message)
        log_outcome(self.log, self.service, result)
        return result

    async def _attempt(self) -> Result:
        configuration = await asyncio.to_thread(load)
        service = configuration.service(self.service)
        if service is None:
            return self._refused(
                "expected an entry of this name in external_services.json, got none; it was"
                " removed, renamed or is not valid any more; nothing was sent"
            )
        settings = configuration.settings
        access = await http_access(service.connection, service.endpoint)
        request = Request(
            service=service.name,
            url=service.endpoint,
            parameters=service.parameters,
            timeout=service.timeout,
            headers=access.headers,
            auth=access.auth,
            tls=access.tls,
            any_content_type=settings.any_content_type,
            allowed_hosts=(
                None if settings.allowed_hosts is None else frozenset(settings.allowed_hosts)
            ),
        )
        terms = self._terms(service, configuration.settings)
        redis = shared(await redis_url(configuration.settings.redis_connection))
        return await attempt(request, terms, redis, self.log)

    def _terms(self, service: Service, settings: Settings) -> Terms:
        terms = Terms(
            attempt_id=f"{self.task_instance.id}:{self.task_instance.try_number}",
            lock=service.locks(settings),
            on_idle=service.execution_plan.intervals.on_idle,
        )
        plan = schedule(service, settings)
        # A run that a person started or cleared asks nobody whether today's run was made.
        if not isinstance(plan, Daily) or not self._unattended():
            return terms
        due = datetime.fromisoformat(self.due)
        say_what_was_missed(plan, due, self._count_runs, self.log)
        late = (datetime.now(UTC) - due).total_seconds()
        return replace(
            terms,
            day=due.astimezone(plan.zone).date(),
            patience=max(0.0, service.grace(settings) - late),
        )

    def _unattended(self) -> bool:
        """Whether the clock started this try, and no person or retry."""
        scheduled: bool = self.run_type == DagRunType.SCHEDULED
        return scheduled and self.task_instance.try_number == 1

    def _count_runs(self, logical_date: datetime) -> int:
        # Of Airflow's questions about runs this is one that the triggerer gets an answer to:
        # get_previous_ti() fails there, its answer is not among those the triggerer decodes.
        count: int = self.task_instance.get_dr_count(
            dag_id=self.task_instance.dag_id, logical_dates=[logical_date]
        )
        return count


def ending(result: Result) -> BaseTaskEndEvent:
    """The event that ends the task: its state, and what is kept of the call. Never a body."""
    kept: dict[str, Any] = {
        OUTCOME: result.outcome.value,
        "message": result.message,
        "http_status": result.http_status,
        "duration_ms": result.duration_ms,
    }
    match result.outcome:
        case Outcome.SUCCESS:
            return TaskSuccessEvent(xcoms=kept)
        case Outcome.IDLE:
            return TaskSkippedEvent(xcoms=kept)
        case Outcome.LOCKED:
            return TaskSkippedEvent(xcoms=kept | {RETRY_AFTER: result.retry_after})
        case Outcome.ERROR | Outcome.TIMEOUT:
            return TaskFailedEvent(xcoms=kept)
        case never:
            assert_never(never)
