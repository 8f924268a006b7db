"""The components of a cluster, and what each has to know: docs/adr/0008."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum, auto


class Component(StrEnum):
    """Airflow's processes, by the words of its command line."""

    API_SERVER = "api-server"
    DAG_PROCESSOR = "dag-processor"
    SCHEDULER = "scheduler"
    TRIGGERER = "triggerer"
    WORKER = "worker"


class Part(Enum):
    """Something that a component needs."""

    DATABASE = auto()
    """Airflow's own."""
    FERNET_KEY = auto()
    POOL = auto()
    SIGNATURE = auto()
    """The secret with which tasks are let in at the API server."""
    API_SERVER = auto()
    LOG_KEY = auto()
    """The secret with which the API server asks for logs."""
    TIMETABLES = auto()
    """The plugin."""
    BROKER = auto()
    """Celery's."""
    RESULTS = auto()
    """Celery's."""
    STOPS = auto()
    """Celery's settings, through which a worker tells its shifts that it is to stop."""
    REDIS = auto()
    """The platform's."""
    POSTGRES = auto()
    """The platform's."""
    SERVICES = auto()
    """The connections of service calls."""
    ROUTES = auto()
    """The connections of jobs, those of notifications among them."""
    ALERTS = auto()
    """The notifiers and their connections."""


_SERVER = frozenset({Part.DATABASE, Part.FERNET_KEY, Part.TIMETABLES})
NEEDS: Mapping[Component | None, frozenset[Part]] = {
    Component.API_SERVER: _SERVER | {Part.SIGNATURE, Part.LOG_KEY},
    Component.DAG_PROCESSOR: _SERVER | {Part.ALERTS},
    Component.SCHEDULER: _SERVER | {Part.POOL, Part.SIGNATURE, Part.BROKER, Part.RESULTS},
    Component.TRIGGERER: _SERVER | {Part.LOG_KEY, Part.REDIS, Part.SERVICES},
    Component.WORKER: frozenset(
        {
            Part.API_SERVER,
            Part.BROKER,
            Part.LOG_KEY,
            Part.POSTGRES,
            Part.REDIS,
            Part.RESULTS,
            Part.ROUTES,
            Part.STOPS,
            Part.TIMETABLES,
        }
    ),
    None: frozenset(Part) - {Part.API_SERVER},
}
"""What is asked of each; None: one environment for all of them."""
