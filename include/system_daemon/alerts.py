"""Tells people, through Airflow notifiers, when a DAG begins to fail and when it works again.

Airflow calls a DAG's callbacks once a run, after its last retry, in the DAG processor. One message
a change of state: what was told last is remembered, so that a run that fails while people know of
it is nothing new, whichever way it came. Runs of promoted jobs have nothing to do with each other,
so each that fails for good is told.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any, TypeVar

from system_daemon import standing
from system_daemon.configuration.alerts import Alert
from system_daemon.configuration.settings import Settings
from system_daemon.outcome import Outcome
from system_daemon.schedule.task import OUTCOME, TASK_ID

Context = dict[str, Any]
Answer = TypeVar("Answer")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class News:
    """What happened to a DAG; a notifier's templates know it as ``alert``."""

    title: str
    sentence: str


def callbacks(
    settings: Settings, *, each_run: bool = False
) -> dict[str, Callable[[Context], None]]:
    """The arguments of a DAG that make it alert.

    None where nobody is to be told: Airflow then spends no callback on its runs.

    Args:
        settings: who is told.
        each_run: its runs have nothing to do with each other: every one that fails is told.
    """
    if not settings.alerts:
        return {}
    if each_run:
        return {"on_failure_callback": FailedAlone(settings.alerts)}
    # Also where nobody wants to know of recoveries: the next failure is news again after one.
    return {
        "on_failure_callback": Failed(settings.alerts),
        "on_success_callback": Recovered(settings.alerts),
    }


@dataclass(frozen=True, slots=True)
class FailedAlone:
    """Airflow's callback after a run that failed for good, of which no other run says anything."""

    alerts: tuple[Alert, ...]

    def __call__(self, context: Context) -> None:
        """Tell."""
        _tell(self.alerts, context, _failure(context))


@dataclass(frozen=True, slots=True)
class Failed:
    """Airflow's callback after a run that failed for good."""

    alerts: tuple[Alert, ...]

    def __call__(self, context: Context) -> None:
        """Tell, unless people know; once too often where Airflow cannot say whether they do.

        Where no notifier got through, the next run that fails tries again.
        """
        dag, run = _names(context)
        known = _asked(partial(standing.fails, dag), otherwise=False)
        if not known and _tell(self.alerts, context, _failure(context)):
            _asked(partial(standing.set_failing, dag, run), otherwise=None)


@dataclass(frozen=True, slots=True)
class Recovered:
    """Airflow's callback after a run that succeeded."""

    alerts: tuple[Alert, ...]

    def __call__(self, context: Context) -> None:
        """Tell those who want to know, if people know of a failure.

        A run that found the service locked says nothing of it, neither good nor bad.
        """
        dag, run = _names(context)
        if not _asked(partial(standing.fails, dag), otherwise=False) or _locked(context):
            return
        recovering = tuple(alert for alert in self.alerts if alert.on_recovery)
        sentence = f"{dag} succeeded in its run {run}, after a failure."
        if _tell(recovering, context, News(f"{dag} works again", sentence)) or not recovering:
            _asked(partial(standing.set_working, dag), otherwise=None)


def notifier(alert: Alert) -> Any:
    """The notifier, ready to be called with a context.

    Raises:
        ImportError: no such module. AttributeError: no such class in it.
        TypeError: it takes other arguments.
    """
    module, _, name = alert.notifier.rpartition(".")
    return getattr(import_module(module), name)(**alert.arguments)


def _failure(context: Context) -> News:
    dag, run = _names(context)
    return News(f"{dag} fails", f"{dag} failed in its run {run}.")


def _tell(alerts: tuple[Alert, ...], context: Context, news: News) -> bool:
    """Call every notifier, and return whether one of them got through.

    One that breaks keeps none of the others from being called.
    """
    told = False
    for alert in alerts:
        try:
            notifier(alert)({**context, "alert": news})
            told = True
        except Exception as error:  # a notifier may raise anything
            # Its words may hold what it was about to send, or a secret of its connection.
            _log.error(
                "expected %s to tell that %s, got %s; see its connection and its arguments in"
                " settings.json",
                alert.notifier,
                news.title,
                type(error).__name__,
            )
    return told


def _locked(context: Mapping[str, Any]) -> bool:
    """Whether the run found the service locked; it was skipped then, and no task succeeded."""
    if context.get("ti") is not None or TASK_ID not in context["dag"].task_ids:
        return False
    dag, run = _names(context)
    left = _asked(partial(standing.left_by, dag, run, TASK_ID, OUTCOME), otherwise=None)
    return left == Outcome.LOCKED


def _asked(question: Callable[[], Answer], *, otherwise: Answer) -> Answer:
    """What Airflow answers; something else where it cannot."""
    try:
        return question()
    except Exception as error:  # an alert is worth more than what is remembered of it
        _log.error(
            "expected Airflow to remember what was told, got %s; a message may come once too often"
            " or be missing",
            type(error).__name__,
        )
        return otherwise


def _names(context: Mapping[str, Any]) -> tuple[str, str]:
    return context["dag"].dag_id, str(context.get("run_id"))
