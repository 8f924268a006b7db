"""The handlers of one shift, opened together and closed together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from redis.asyncio import Redis

from system_daemon.access import HttpAccess
from system_daemon.configuration.background_jobs import BackgroundJobs, Route
from system_daemon.configuration.settings import Settings
from system_daemon.jobs.handlers.access import Connections, Gateway, MailServer
from system_daemon.jobs.handlers.context import Context
from system_daemon.jobs.handlers.endpoint import Endpoint
from system_daemon.jobs.handlers.http_session import open_session
from system_daemon.jobs.handlers.outbox import Outbox
from system_daemon.jobs.handlers.python_handler import PythonHandlers
from system_daemon.jobs.keys import Keys, with_colon
from system_daemon.jobs.verdict import Handler
from system_daemon.services.log_lines import Log

_Found = TypeVar("_Found")


@asynccontextmanager
async def open_handlers(
    jobs: BackgroundJobs,
    settings: Settings,
    connections: Connections,
    redis: Callable[[], Redis],
    *,
    templates: Path,
    log: Log,
    platform: str | None = None,
) -> AsyncIterator[Callable[[Route], Handler]]:
    """The handler of each ``endpoint`` and ``handler`` route.

    Args:
        jobs: The configuration of background jobs.
        settings: The deployment's own rules.
        connections: Airflow's connections; asked in this loop only.
        redis: Makes a client whose replies are text; called in the loop that uses it.
        templates: The folder of the notifications' templates.
        log: The shift's log.
        platform: The Airflow connection of the platform's PostgreSQL; None: there is none.
    """
    home = asyncio.get_running_loop()

    @asynccontextmanager
    async def opening() -> AsyncIterator[Context]:
        client = redis()
        here = _FromElsewhere(connections, home)
        outbox = None if platform is None else Outbox(partial(here.postgres, platform))
        try:
            async with open_session() as http:
                yield Context(
                    connections=here,
                    http=http,
                    redis=client,
                    prefix=Keys(with_colon(jobs.namespace)).ours,
                    notifications=jobs.notifications,
                    templates=templates,
                    outbox=outbox,
                    log=log,
                )
        finally:
            if outbox is not None:
                await outbox.aclose()
            await client.aclose()

    python = PythonHandlers(opening, log)
    hosts = settings.allowed_hosts
    try:
        async with open_session() as session:

            def handler(route: Route) -> Handler:
                if route.handler is not None:
                    return python.of(route)
                return Endpoint(
                    route,
                    session,
                    connections,
                    allowed_hosts=None if hosts is None else frozenset(hosts),
                    any_content_type=settings.any_content_type,
                )

            yield handler
    finally:
        await python.close()


class _FromElsewhere:
    """Connections asked for in another loop: Airflow answers in the one of its task only."""

    def __init__(self, connections: Connections, home: asyncio.AbstractEventLoop) -> None:
        self._connections = connections
        self._home = home

    async def http(self, conn_id: str | None, endpoint: str) -> HttpAccess:
        return await self._there(self._connections.http(conn_id, endpoint))

    async def gateway(self, conn_id: str) -> Gateway:
        return await self._there(self._connections.gateway(conn_id))

    async def mail_server(self, conn_id: str) -> MailServer:
        return await self._there(self._connections.mail_server(conn_id))

    async def postgres(self, conn_id: str) -> str:
        return await self._there(self._connections.postgres(conn_id))

    async def _there(self, asked: Coroutine[object, object, _Found]) -> _Found:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(asked, self._home))
