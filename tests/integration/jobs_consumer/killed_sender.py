"""A sender that dies by SIGKILL at a named moment: ``python -m ... <moment> <redis> <db> <port>``."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from system_daemon import redis_client
from system_daemon.configuration.background_jobs import BackgroundJobs, Queue, Route
from system_daemon.configuration.settings import Settings
from system_daemon.jobs.consumer import work
from system_daemon.jobs.doors import Doors
from system_daemon.jobs.handlers import queued_notification, ways
from system_daemon.jobs.handlers.access import MailServer
from system_daemon.jobs.handlers.opening import open_handlers
from system_daemon.jobs.handlers.outbox import Outbox
from system_daemon.jobs.handlers.sent_once import SentOnce
from system_daemon.jobs.queue import JobQueue
from system_daemon.jobs.routes import Routes
from system_daemon.jobs.stop import Stop
from system_daemon.jobs.worker_record import new_consumer

Step = Callable[..., Awaitable[Any]]
LOG = logging.getLogger("killed sender")


class _Connections:
    def __init__(self, database: str, port: int) -> None:
        self._database = database
        self._port = port

    async def mail_server(self, _conn_id: str) -> MailServer:
        return MailServer(
            host="127.0.0.1", port=self._port, sender="clinic@example.org", encryption="none"
        )

    async def postgres(self, _conn_id: str) -> str:
        return self._database


def die_before(step: Step) -> Step:
    """The step is never taken."""

    async def died(*_arguments: object, **_options: object) -> None:
        _die()

    return died


def die_after(step: Step) -> Step:
    """The step is taken, and nothing after it."""

    async def died(*arguments: object, **options: object) -> None:
        await step(*arguments, **options)
        _die()

    return died


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


_MOMENTS: dict[str, tuple[Any, str, Callable[[Step], Step]]] = {
    "before the claim": (Outbox, "claim", die_before),
    "after the claim": (Outbox, "claim", die_after),
    "before it leaves": (queued_notification, "_prepare", die_after),
    "as it is given back": (Outbox, "give_back", die_after),
    "before it is noted": (Outbox, "sent", die_before),
    "after it is noted": (Outbox, "sent", die_after),
    "before the note": (SentOnce, "begin", die_before),
    "after the note": (SentOnce, "begin", die_after),
    "after it left": (ways, "send_email", die_after),
    "before the note is taken back": (SentOnce, "take_back", die_before),
    "after the note is taken back": (SentOnce, "take_back", die_after),
    "before sent is noted": (SentOnce, "sent", die_before),
    "after sent is noted": (SentOnce, "sent", die_after),
}


def _arrange(moment: str) -> None:
    where, name, death = _MOMENTS[moment]
    setattr(where, name, death(getattr(where, name)))


async def _serve(redis_url: str, database: str, port: int, queue: str, namespace: str) -> None:
    route = Route(
        job_class="SendNotification",
        handler="system_daemon.jobs.handlers.notification:send_notification",
    )
    redis = redis_client.connect(redis_url, decode_responses=False)
    async with open_handlers(
        BackgroundJobs(routes=(route,)),
        Settings(),
        _Connections(database, port),  # type: ignore[arg-type]
        lambda: redis_client.connect(redis_url),
        templates=Path(),
        log=LOG,
        platform="system_daemon_postgres",
    ) as handlers:
        await work(
            JobQueue(redis, namespace=namespace, queue=queue, consumer=new_consumer()),
            Queue(name=queue, linger=0, concurrency=1),
            Doors(Routes((route,)), handlers, die_before(asyncio.sleep)),
            die_before(asyncio.sleep),
            stop=Stop(grace=5),
            log=LOG,
        )


if __name__ == "__main__":
    _moment, _redis, _database, _port, _queue, _namespace = sys.argv[1:]
    _arrange(_moment)
    asyncio.run(_serve(_redis, _database, int(_port), _queue, _namespace))
