"""Whether the servers behind the configured connections are there and answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import psycopg

from system_daemon import redis_client
from system_daemon.configuration.loading import JOBS_FILE, Configuration
from system_daemon.configuration.problems import Problem, Severity, shown
from system_daemon.connections import (
    ConnectionUnusableError,
    connection,
    postgres_conninfo,
    redis_url,
)
from system_daemon.deployment.component import NEEDS, Component, Part
from system_daemon.deployment.finding import error, warning
from system_daemon.deployment.used_connections import (
    http_connections,
    postgres_connections,
    redis_connections,
)
from system_daemon.jobs.keys import Keys, with_colon
from system_daemon.jobs.namespaces import misplaced

_PATIENCE_S = 5.0


async def store_problems(
    configuration: Configuration, component: Component | None
) -> AsyncIterator[Problem]:
    """Connections that are missing or do not fit, servers that do not answer, empty namespaces."""
    needs = NEEDS[component]
    used = redis_connections(configuration) if Part.REDIS in needs else {}
    for conn_id, use in used.items():
        async for found in _redis(conn_id, use, configuration):
            yield found
    used = postgres_connections(configuration) if Part.POSTGRES in needs else {}
    for conn_id, use in used.items():
        async for found in _postgres(conn_id, use):
            yield found
    for conn_id, use in http_connections(configuration, needs).items():
        try:
            await connection(conn_id, "http")
        except ConnectionUnusableError as unusable:
            yield _unusable(conn_id, use, unusable)


async def _redis(conn_id: str, use: str, configuration: Configuration) -> AsyncIterator[Problem]:
    try:
        url = await redis_url(conn_id)
    except ConnectionUnusableError as unusable:
        yield _unusable(conn_id, use, unusable)
        return
    jobs = configuration.jobs
    client = redis_client.connect(url, timeout=_PATIENCE_S, decode_responses=False)
    try:
        await client.get("system_daemon")
        if conn_id != jobs.redis_connection or not jobs.queues:
            return
        elsewhere = await misplaced(client, jobs.namespace, file=JOBS_FILE)
        if elsewhere is not None:
            remedy = "set it to the one that the platform uses"
            # A person who edits may be ahead of the platform; whoever deploys would serve nobody.
            yield replace(
                elsewhere, severity=Severity.ERROR, message=f"{elsewhere.message}; {remedy}"
            )
        elif not await client.exists(Keys(with_colon(jobs.namespace)).queues):
            yield warning(
                f"connection {conn_id}",
                f"expected queues under the namespace {shown(jobs.namespace)}, got a Redis without"
                " any: either nothing was ever put into a queue, or it is not the platform's Redis",
            )
    except redis_client.UNREACHABLE as unreachable:
        said = redis_client.unreachable(client, unreachable)
        yield error(f"connection {conn_id}", f"{said}; it is needed for {use}")
    finally:
        await client.aclose()


async def _postgres(conn_id: str, use: str) -> AsyncIterator[Problem]:
    try:
        conninfo = await postgres_conninfo(conn_id)
        async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as database:
            await database.execute("SELECT 1")
    except ConnectionUnusableError as unusable:
        yield _unusable(conn_id, use, unusable)
    except psycopg.Error as broken:
        # libpq's words name hosts and users, but the first line of them never a password.
        said = str(broken).strip().splitlines()[0] if str(broken).strip() else ""
        yield error(
            f"connection {conn_id}",
            f"expected a PostgreSQL that answers, got {type(broken).__name__}: {said}; it is needed"
            f" for {use}",
        )


def _unusable(conn_id: str, use: str, unusable: ConnectionUnusableError) -> Problem:
    said = str(unusable).removesuffix("; nothing was sent")
    variable = f"AIRFLOW_CONN_{conn_id.upper()}"
    return error(f"connection {conn_id}", f"{said}, or set {variable}; it is needed for {use}")
