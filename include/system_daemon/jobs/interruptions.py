"""What asks a shift to end from outside of its queue: an edit, a pause of the DAG, a worker's stop.

Each looks every few seconds, until cancelled or until somebody asked.
"""

from __future__ import annotations

import asyncio
from typing import Any

from system_daemon.configuration.loading import Configuration, load
from system_daemon.jobs import stopping_worker
from system_daemon.jobs.airflow_runs import is_paused
from system_daemon.jobs.stop import Stop

_EDITS_S = 1.0
"""Until then jobs are run by the routes from before an edit."""
_PAUSES_S = 5.0
_STOPS_S = 1.0


async def stop_when_edited(configuration: Configuration, stop: Stop) -> None:
    """A shift keeps the routes it began with: an edit ends it, and the next one has the new."""
    while not stop.asked:
        await asyncio.sleep(_EDITS_S)
        if load() is not configuration:
            stop.hurry.set()


async def rest_when_paused(dag_id: str, stop: Stop, log: Any) -> None:
    """Who pauses the DAG pauses the queue, however busy it is."""
    while not stop.asked:
        try:
            paused = await is_paused(dag_id)
        except Exception as error:  # Airflow may answer anything; the next time it may answer well
            log.debug("Airflow did not say whether %s is paused (%s)", dag_id, type(error).__name__)
            paused = None
        if paused:
            log.info("%s is paused: the shift ends, and the jobs wait", dag_id)
            stop.rest.set()
        await asyncio.sleep(_PAUSES_S)


async def rest_when_the_worker_stops(stop: Stop, log: Any) -> None:
    """Celery's worker waits for its tasks: a shift on a busy queue would not end by itself."""
    while not stop.asked:
        if stopping_worker.told():
            log.info("the worker stops: the shift ends, and another worker takes the queue")
            stop.rest.set()
        await asyncio.sleep(_STOPS_S)
