"""Handlers that end in every bad way; Airflow's processes find them by their dotted path."""

from __future__ import annotations

import asyncio
import os
import signal

from system_daemon.jobs.handlers.context import Context
from system_daemon.jobs.payload import Job


async def raise_it(job: Job, _context: Context) -> None:
    """An error whose text and whose cause quote the job."""
    raise ValueError(f"cannot work on {job.args!r}") from KeyError(repr(job.args))


async def hang(_job: Job, _context: Context) -> None:
    await asyncio.Event().wait()


async def die(_job: Job, _context: Context) -> None:
    """The process ends here, as when the kernel runs out of memory."""
    os.kill(os.getpid(), signal.SIGKILL)
