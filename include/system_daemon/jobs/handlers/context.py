"""What a Python handler is given besides its job."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import aiohttp
from redis.asyncio import Redis

from system_daemon.configuration.background_jobs import Notifications
from system_daemon.jobs.handlers.access import Connections
from system_daemon.jobs.handlers.outbox import Outbox
from system_daemon.services.log_lines import Log


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Shared by all handlers of a shift; nothing in it may be closed by one of them."""

    connections: Connections
    """Airflow's connections."""
    http: aiohttp.ClientSession
    """A session with open connections: no cookies, no redirects unless asked for, no time limit of
    its own; the attempt has one."""
    redis: Redis
    """The Redis of the queues, replies as text."""
    prefix: str
    """What this package's own keys in that Redis begin with."""
    notifications: Notifications
    """How the shipped handler sends."""
    templates: Path
    """The folder of the shipped handler's templates."""
    outbox: Outbox | None = None
    """The platform's table of notifications; None where nobody said in which database it is."""
    log: Log
    """The shift's log; what is written there must not quote a job's arguments."""
