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
    BROKER = auto()
    """Celery's."""
    REDIS = auto()
    """The platform's."""
    POSTGRES = auto()
    """The platform's."""
    SERVICES = auto()
    """The connections of service calls."""
    ROUTES = auto()
    """The connections of jobs."""


NEEDS: Mapping[Component | None, frozenset[Part]] = {
    Component.API_SERVER: frozenset({Part.DATABASE, Part.FERNET_KEY, Part.SIGNATURE}),
    Component.DAG_PROCESSOR: frozenset({Part.DATABASE, Part.FERNET_KEY}),
    Component.SCHEDULER: frozenset(
        {Part.DATABASE, Part.FERNET_KEY, Part.POOL, Part.SIGNATURE, Part.BROKER}
    ),
    Component.TRIGGERER: frozenset({Part.DATABASE, Part.FERNET_KEY, Part.REDIS, Part.SERVICES}),
    Component.WORKER: frozenset(
        {Part.API_SERVER, Part.BROKER, Part.REDIS, Part.POSTGRES, Part.ROUTES}
    ),
    None: frozenset(Part) - {Part.API_SERVER},
}
"""What is asked of each; None: one environment for all of them."""
