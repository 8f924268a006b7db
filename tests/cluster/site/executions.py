"""A site's own job handler, in the image beside the package: notes each execution in PostgreSQL.

The table is that of `tests.experiments.ledger`; here it lies in the platform's database.
"""

from __future__ import annotations

import asyncio
import os

import psycopg

from system_daemon.connections import postgres_conninfo
from system_daemon.jobs.handlers.context import Context
from system_daemon.jobs.payload import Job

_INSERT = "INSERT INTO experiment.executions (job, pid) VALUES (%s, %s)"


class _Table:
    """One connection for all jobs of the process."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._connection: psycopg.AsyncConnection | None = None

    async def note(self, job: int) -> None:
        async with self._turn:
            if self._connection is None:
                conninfo = await postgres_conninfo("system_daemon_postgres")
                self._connection = await psycopg.AsyncConnection.connect(conninfo, autocommit=True)
            await self._connection.execute(_INSERT, (job, os.getpid()))


_tables: dict[asyncio.AbstractEventLoop, _Table] = {}


async def record(job: Job, _context: Context) -> None:
    """Note that the job is run, now and here; then take as long as the job says."""
    args = job.args[0]
    assert isinstance(args, dict)
    await _tables.setdefault(asyncio.get_running_loop(), _Table()).note(args["n"])
    await asyncio.sleep(args["pause"])
