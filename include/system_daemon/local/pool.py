"""The Airflow pool of the maintenance tasks: without it they would be queued for ever."""

from __future__ import annotations

from system_daemon.configuration.loading import load
from system_daemon.local.dag_overview import AirflowApi, Login
from system_daemon.local.failure import StackError
from system_daemon.local.loopback_http import HttpError

_SLOTS = 8
_THERE_ALREADY = 409


def make_pool(login: Login) -> None:
    """Create the configured pool; one that is there keeps the slots that somebody gave it.

    Raises StackError when Airflow does not take it.
    """
    pool = load().maintenance.pool
    try:
        AirflowApi(login).create_pool(
            pool, slots=_SLOTS, description="Maintenance tasks that run at the same time"
        )
    except HttpError as error:
        if error.status != _THERE_ALREADY:
            raise StackError(f"the pool {pool} could not be created: {error}") from error
