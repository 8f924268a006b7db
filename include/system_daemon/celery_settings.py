"""Airflow's own settings for Celery, and a worker that tells its shifts when it is to stop.

``AIRFLOW__CELERY__CELERY_CONFIG_OPTIONS=system_daemon.celery_settings.SETTINGS`` makes Airflow read
them, in the worker before it forks the processes in which tasks run. Settings of your own may stand
elsewhere: importing this module there is enough.
"""

from __future__ import annotations

from typing import Any

from airflow.providers.celery.executors.default_celery import DEFAULT_CELERY_CONFIG
from celery.signals import worker_shutting_down

from system_daemon.jobs import stopping_worker

SETTINGS = DEFAULT_CELERY_CONFIG


def _tell(**_: Any) -> None:
    stopping_worker.tell()


worker_shutting_down.connect(_tell)
