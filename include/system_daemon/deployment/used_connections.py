"""The Airflow connections that the configuration names, each with what needs it."""

from __future__ import annotations

from collections.abc import Iterator

from system_daemon.configuration.loading import Configuration
from system_daemon.deployment.component import Part


def redis_connections(configuration: Configuration) -> dict[str, str]:
    """Connection ids of Redis servers, each with who uses it."""
    found: dict[str, str] = {}
    if configuration.services or configuration.maintenance_tasks:
        found[configuration.settings.redis_connection] = "call records, locks and counts"
    if configuration.jobs.queues:
        known = found.get(configuration.jobs.redis_connection)
        queues = "the queues of background jobs"
        found[configuration.jobs.redis_connection] = f"{known}; {queues}" if known else queues
    return found


def postgres_connections(configuration: Configuration) -> dict[str, str]:
    """Connection ids of PostgreSQL databases, each with who uses it."""
    if not configuration.maintenance_tasks:
        return {}
    return {configuration.maintenance.connection: "the maintenance tasks"}


def http_connections(configuration: Configuration, needs: frozenset[Part]) -> dict[str, str]:
    """Connection ids of HTTP servers that are needed, each with the first entry that names it."""
    found: dict[str, str] = {}
    for conn_id, use in _http(configuration, needs):
        found.setdefault(conn_id, use)
    return found


def _http(configuration: Configuration, needs: frozenset[Part]) -> Iterator[tuple[str, str]]:
    for service in configuration.services if Part.SERVICES in needs else ():
        if service.connection:
            yield service.connection, f"the service {service.name}"
    for route in configuration.jobs.routes if Part.ROUTES in needs else ():
        if route.connection:
            yield route.connection, f"the jobs {route.job_class}"
