"""Tells people, through Airflow notifiers, when a DAG begins to fail and when it works again.

Airflow calls a DAG's callbacks once a run, after its last retry, in the DAG processor. One message
a change of state: a run that fails after a run that failed is nothing new. A promoted job has no
run before it, so each that fails for good is told.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from system_daemon.configuration.alerts import Alert
from system_daemon.configuration.settings import Settings

Context = dict[str, Any]
_log = logging.getLogger(__name__)
_FAILED = "failed"


@dataclass(frozen=True, slots=True)
class News:
    """What happened to a DAG; a notifier's templates know it as ``alert``."""

    title: str
    sentence: str


def callbacks(settings: Settings) -> dict[str, Callable[[Context], None]]:
    """The arguments of a DAG that make it alert.

    None where nobody is to be told: Airflow then spends no callback on its runs.
    """
    found: dict[str, Callable[[Context], None]] = {}
    if settings.alerts:
        found["on_failure_callback"] = Failed(settings.alerts)
    if recovering := tuple(alert for alert in settings.alerts if alert.on_recovery):
        found["on_success_callback"] = Recovered(recovering)
    return found


@dataclass(frozen=True, slots=True)
class Failed:
    """Airflow's callback after a run that failed for good."""

    alerts: tuple[Alert, ...]

    def __call__(self, context: Context) -> None:
        """Tell, unless the run before failed too."""
        if not _failed_before(context):
            dag, run = _names(context)
            _tell(self.alerts, context, News(f"{dag} fails", f"{dag} failed in its run {run}."))


@dataclass(frozen=True, slots=True)
class Recovered:
    """Airflow's callback after a run that succeeded."""

    alerts: tuple[Alert, ...]

    def __call__(self, context: Context) -> None:
        """Tell, if the run before failed."""
        if _failed_before(context):
            dag, run = _names(context)
            sentence = f"{dag} succeeded in its run {run}, after a failure."
            _tell(self.alerts, context, News(f"{dag} works again", sentence))


def notifier(alert: Alert) -> Any:
    """The notifier, ready to be called with a context.

    Raises:
        ImportError: no such module. AttributeError: no such class in it.
        TypeError: it takes other arguments.
    """
    module, _, name = alert.notifier.rpartition(".")
    return getattr(import_module(module), name)(**alert.arguments)


def _tell(alerts: tuple[Alert, ...], context: Context, news: News) -> None:
    """Call every notifier; one that breaks keeps none of the others from being called."""
    for alert in alerts:
        try:
            notifier(alert)({**context, "alert": news})
        except Exception as error:  # a notifier may raise anything
            # Its words may hold what it was about to send, or a secret of its connection.
            _log.error(
                "expected %s to tell that %s, got %s; see its connection and its arguments in"
                " settings.json",
                alert.notifier,
                news.title,
                type(error).__name__,
            )


def _failed_before(context: Mapping[str, Any]) -> bool:
    """Whether the run before this one failed; not where there is none, or Airflow cannot tell."""
    instance = context.get("ti")
    before = instance.get_previous_dagrun() if instance is not None else None
    return before is not None and bool(before.state == _FAILED)


def _names(context: Mapping[str, Any]) -> tuple[str, str]:
    return context["dag"].dag_id, str(context.get("run_id"))
