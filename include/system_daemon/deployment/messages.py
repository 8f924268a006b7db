"""Whether messages to people could leave: notifications of jobs, and alerts."""

from __future__ import annotations

from collections.abc import AsyncIterator

from system_daemon.alerts import notifier
from system_daemon.configuration.alerts import Alert
from system_daemon.configuration.loading import Configuration
from system_daemon.configuration.problems import Problem
from system_daemon.connections import ConnectionUnusableError, connection
from system_daemon.deployment.component import NEEDS, Component, Part
from system_daemon.deployment.finding import error, warning
from system_daemon.jobs.airflow_connections import AirflowConnections
from system_daemon.jobs.handlers import notification
from system_daemon.jobs.handlers.access import NoAccessError

SHIPPED = f"{notification.__name__}:{notification.send_notification.__name__}"
"""The handler that sends notifications, as routes name it."""
_TOLD = (ImportError, AttributeError, TypeError)
"""Errors of making a notifier whose words hold no secret."""


async def message_problems(
    configuration: Configuration, component: Component | None
) -> AsyncIterator[Problem]:
    """Connections and notifiers that do not fit, of this component."""
    needs = NEEDS[component]
    if Part.ROUTES in needs and any(r.handler == SHIPPED for r in configuration.jobs.routes):
        async for found in _notifications(configuration):
            yield found
    if Part.ALERTS in needs:
        for number, alert in enumerate(configuration.settings.alerts):
            async for found in _alert(f"alerts[{number}]", alert):
                yield found


async def _notifications(configuration: Configuration) -> AsyncIterator[Problem]:
    chosen = configuration.jobs.notifications
    connections = AirflowConnections()
    ways = (
        ("e-mails", chosen.email, connections.mail_server, "smtp"),
        ("text messages", chosen.sms, connections.gateway, "http"),
        ("push messages", chosen.push, connections.gateway, "http"),
    )
    for what, conn_id, look_up, kind in ways:
        try:
            await connection(conn_id, kind)
        except ConnectionUnusableError as missing:
            # A site may send none of these.
            yield warning(f"connection {conn_id}", f"{_said(missing)}; {what} would fail")
            continue
        try:
            await look_up(conn_id)
        except NoAccessError as unusable:
            yield error(f"connection {conn_id}", f"{_said(unusable)}; {what} would fail")


async def _alert(where: str, alert: Alert) -> AsyncIterator[Problem]:
    try:
        made = notifier(alert)
    except Exception as broken:  # a notifier may raise anything
        words = f": {broken}" if isinstance(broken, _TOLD) else ""
        yield error(
            where,
            f"expected {alert.notifier} with its arguments, got {type(broken).__name__}{words};"
            " mend settings.json, or install its provider here",
        )
        return
    for name, conn_id in vars(made).items():
        if not name.endswith("conn_id") or not isinstance(conn_id, str) or "{{" in conn_id:
            continue
        try:
            await connection(conn_id, name.removesuffix("conn_id").strip("_") or "any")
        except ConnectionUnusableError as missing:
            yield error(
                where,
                f"{_said(missing)}, or set AIRFLOW_CONN_{conn_id.upper()}, or name another one in"
                f' the alert\'s arguments as "{name}"',
            )


def _said(error: Exception) -> str:
    return str(error).removesuffix("; nothing was sent")
