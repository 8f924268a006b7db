"""One run of a configured task: its database, its Redis, its statements."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import psycopg

from system_daemon.configuration.loading import Configuration
from system_daemon.configuration.maintenance_tasks import MaintenanceTask
from system_daemon.connections import postgres_conninfo
from system_daemon.maintenance.params import Asked
from system_daemon.maintenance.redis_side import RedisSide
from system_daemon.maintenance.statements import read_statements
from system_daemon.maintenance.sweep import Left, Sweep, Swept, sweep


class UnreachableError(Exception):
    """PostgreSQL did not answer, or let nobody in; a new try may do better."""


def run(
    task: MaintenanceTask,
    configuration: Configuration,
    asked: Asked,
    *,
    log: Any,
    stopped: Callable[[], bool],
) -> Swept:
    """Run the task once.

    Args:
        task: the task.
        configuration: where it works: connections, queue.
        asked: what this run is to do.
        log: the task's log.
        stopped: asked between batches whether to stop.

    Raises:
        StatementError, StatementFailedError: its .sql file has to be mended.
        BrakeError: it would touch too many rows; nothing was changed.
        LockedOutError: somebody holds a lock on a whole table.
        ConnectionUnusableError, UnreachableError, ConnectionLostError: the database is away.
    """
    statements = read_statements(task.sql_file, parameters=task.parameters)
    redis = RedisSide(task.name, log)
    store = configuration.settings.redis_connection
    braked = task.brake is not None and not asked.allow_more
    history = redis.history(store) if braked else None

    def hand_over(notifications: list[int]) -> None:
        redis.wake_sender(
            configuration.jobs.redis_connection,
            namespace=configuration.jobs.namespace,
            queue=configuration.maintenance.notification_queue,
            notifications=notifications,
        )

    with _connection(task, configuration.maintenance.connection) as connection:
        swept = sweep(
            connection,
            statements,
            Sweep(
                task=task.name,
                as_of=asked.as_of,
                timezone=task.timezone,
                dry_run=asked.dry_run,
                batch_size=asked.batch_size or task.batch_size,
                max_rows=task.max_rows,
                deadline=task.deadline,
                lock_timeout=task.lock_timeout,
                statement_timeout=task.statement_timeout,
                params={**task.given, **asked.statement_params},
                brake=task.brake if braked else None,
                history=history or (),
            ),
            log=log.info,
            hand_over=hand_over,
            stopped=stopped,
        )
    if task.brake is not None and not swept.dry_run and swept.left is not Left.STOPPED:
        redis.remember(store, swept.touched)
    return swept


def _connection(task: MaintenanceTask, conn_id: str) -> psycopg.Connection:
    conninfo = asyncio.run(postgres_conninfo(conn_id))
    try:
        return psycopg.connect(
            conninfo, application_name=f"system_daemon {task.dag_id}"[:63], autocommit=True
        )
    except psycopg.OperationalError as error:
        said = " ".join(str(error).split())[:300]
        raise UnreachableError(
            f'expected PostgreSQL to answer at the Airflow connection "{conn_id}", got: {said}'
        ) from None
