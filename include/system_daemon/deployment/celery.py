"""What Celery needs: a broker, and a place for its results."""

from __future__ import annotations

from collections.abc import Iterator

import redis
from airflow.configuration import conf

from system_daemon.configuration.problems import Problem
from system_daemon.deployment.finding import error

_PATIENCE_S = 5
_RESULTS = "AIRFLOW__CELERY__RESULT_BACKEND"


def broker() -> Iterator[Problem]:
    """The problem that giving tasks to workers would have, if any."""
    yield from _redis(
        conf.get("celery", "broker_url"),
        "broker",
        "no worker would get a task; set AIRFLOW__CELERY__BROKER_URL",
    )


def results(*, database: bool) -> Iterator[Problem]:
    """The problem that telling of tasks would have, if any.

    Args:
        database: this component knows Airflow's, which Celery uses where nothing else is named.
    """
    url = conf.get("celery", "result_backend", fallback="")
    if url:
        yield from _redis(url, "results", f"workers could not tell how tasks began; set {_RESULTS}")
    elif not database:
        yield error(
            _RESULTS,
            "expected it in this component, got neither it nor Airflow's database, which Celery"
            " would use instead; set it to the same value in every scheduler and worker",
        )


def _redis(url: str, where: str, otherwise: str) -> Iterator[Problem]:
    """Ask a Redis; other servers are left to Celery."""
    if not url.startswith(("redis://", "rediss://")):
        return
    try:
        with redis.Redis.from_url(url, socket_timeout=_PATIENCE_S) as client:
            client.ping()
    except redis.RedisError as broken:
        yield error(
            where,
            f"expected a Redis that answers, got {type(broken).__name__}: {otherwise} to where it"
            " is, password included",
        )
