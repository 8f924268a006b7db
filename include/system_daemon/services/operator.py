"""The task ``call``: it starts in the triggerer and ends there; no worker process takes part."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from airflow.triggers.base import StartTriggerArgs, TaskFailedEvent, TaskSkippedEvent

from system_daemon.services.trigger import CallTrigger

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context


class CallService(BaseOperator):  # type: ignore[misc]
    """Calls a configured service once.

    Args:
        service: the configured name; the entry itself is read when the run starts.
    """

    template_fields: Sequence[str] = ("run_type", "due")
    start_from_trigger = True

    def __init__(self, *, service: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.service = service
        self.run_type = "{{ dag_run.run_type }}"
        self.due = "{{ dag_run.run_after.isoformat() }}"
        self.start_trigger_args = StartTriggerArgs(
            trigger_cls=f"{CallTrigger.__module__}.{CallTrigger.__qualname__}",
            trigger_kwargs={"service": service, "run_type": self.run_type, "due": self.due},
            next_method="never_resumed",
        )

    def execute(self, context: Context) -> None:
        """Where a task is made to run in a process, as ``dag.test()`` does: the same, in place."""
        trigger = CallTrigger(service=self.service, run_type=self.run_type, due=self.due)
        trigger.task_instance = context["ti"]
        event = asyncio.run(trigger.end())
        for key, value in (event.xcoms or {}).items():
            context["ti"].xcom_push(key=key, value=value)
        message = str((event.xcoms or {}).get("message", ""))
        match event:
            case TaskFailedEvent():
                raise AirflowFailException(message)
            case TaskSkippedEvent():
                raise AirflowSkipException(message)

    def never_resumed(self, *_: Any, **__: Any) -> NoReturn:
        """Airflow wants a method to resume at; a run that ends in the triggerer has none."""
        raise AirflowFailException("expected the run to end in the triggerer, got a resumption")
