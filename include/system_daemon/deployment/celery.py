"""What Celery needs: a broker, a place for its results, and a word to shifts when it stops."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import redis
from airflow.configuration import conf

from system_daemon.configuration.problems import Problem
from system_daemon.deployment.finding import error, warning

_PATIENCE_S = 5
_RESULTS = "AIRFLOW__CELERY__RESULT_BACKEND"
_SETTINGS = "system_daemon.celery_settings"


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


def stops() -> Iterator[Problem]:
    """What deploying would do to busy queues, if anything."""
    conf.getimport("celery", "celery_config_options")
    if _SETTINGS not in sys.modules:
        yield warning(
            "AIRFLOW__CELERY__CELERY_CONFIG_OPTIONS",
            f"expected {_SETTINGS}.SETTINGS, or settings of your own that import that module, got"
            " neither: a worker that is to stop would cut the shift of a busy queue off, and what"
            " it ran would run again",
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
