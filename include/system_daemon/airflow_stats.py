"""Airflow's stats, where the package runs.

The triggerer initialises the copy in Airflow's core and a worker the one in the Task SDK; in the
other process each of them is a silent stub (``jobs/triggerer_job_runner.py``,
``sdk/execution_time/task_runner.py``).
"""

from __future__ import annotations

from functools import cache

from system_daemon.metrics import Metrics


@cache
def in_triggerer() -> Metrics:
    """The metrics of code that runs inside a trigger."""
    from airflow.observability import stats  # noqa: PLC0415 - a worker never needs the core

    return Metrics(stats)


@cache
def in_worker() -> Metrics:
    """The metrics of code that runs inside a task's process."""
    from airflow.sdk.observability import stats  # noqa: PLC0415 - the triggerer never needs it

    return Metrics(stats)
