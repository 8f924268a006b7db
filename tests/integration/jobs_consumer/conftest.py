"""A real Redis, an endpoint on a real socket, and shifts; nothing may stay behind them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiosmtpd.controller import Controller
from redis.asyncio import Redis

from system_daemon import redis_client
from system_daemon.access import HttpAccess, Login
from system_daemon.configuration.background_jobs import BackgroundJobs, Queue, Route
from system_daemon.configuration.settings import Settings
from system_daemon.jobs import breaker, consumer, runs
from system_daemon.jobs.consumer import work
from system_daemon.jobs.doors import Doors
from system_daemon.jobs.handlers.access import Gateway, MailServer, NoAccessError
from system_daemon.jobs.handlers.opening import open_handlers
from system_daemon.jobs.ownership import unowned_keys
from system_daemon.jobs.payload import Job
from system_daemon.jobs.queue import JobQueue
from system_daemon.jobs.routes import Routes
from system_daemon.jobs.shift import Shift
from system_daemon.jobs.stop import Stop
from system_daemon.local.postgres import Postgres
from tests.integration.jobs_consumer.clinic import KEYS, NAMESPACE, QUEUE, Endpoint
from tests.integration.jobs_consumer.mail_box import MailBox
from tests.integration.jobs_consumer.notification_rows import Table, notification_table
from tests.integration.leaks import no_key_is_left_without_an_owner  # noqa: F401 - autouse
from tests.integration.redis_servers import redis_server  # noqa: F401 - on each server

FASTER = 20


@pytest_asyncio.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A client as production makes it, on an empty database."""
    client = redis_client.connect(redis_url, decode_responses=False)
    yield client
    left = await unowned_keys(client, KEYS)
    assert [key for key in left if not key.startswith(f"{KEYS.ours}notification:")] == []
    await client.aclose()


@pytest_asyncio.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    """An endpoint of the platform that does every job until told otherwise."""
    found = Endpoint()
    application = web.Application()
    application.router.add_post("/{path:.*}", found.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    found.url = f"http://127.0.0.1:{port}/jobs"
    yield found
    await runner.cleanup()


@dataclass(slots=True)
class Connected:
    """Airflow's connections, as far as a test makes some."""

    mail: MailServer | None = None
    gateways: dict[str, Gateway] = field(default_factory=dict)
    access: HttpAccess = field(default_factory=HttpAccess)
    database: str | None = None
    missing: set[str | None] = field(default_factory=set)
    asked: list[str | None] = field(default_factory=list)

    async def http(self, conn_id: str | None, endpoint: str) -> HttpAccess:
        self.asked.append(conn_id)
        if conn_id in self.missing:
            raise NoAccessError(f'expected an Airflow connection "{conn_id}", got none')
        return self.access

    async def gateway(self, conn_id: str) -> Gateway:
        if conn_id not in self.gateways:
            raise NoAccessError(f'expected an Airflow connection "{conn_id}", got none')
        return self.gateways[conn_id]

    async def mail_server(self, conn_id: str) -> MailServer:
        if self.mail is None:
            raise NoAccessError(f'expected an Airflow connection "{conn_id}", got none')
        return self.mail

    async def postgres(self, conn_id: str) -> str:
        if self.database is None:
            raise NoAccessError(f'expected an Airflow connection "{conn_id}", got none')
        return self.database


@dataclass(slots=True)
class Workplace:
    """Runs shifts and notes what they asked of Airflow."""

    redis: Redis
    redis_url: str
    templates: Path
    connections: Connected = field(default_factory=Connected)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    rest: asyncio.Event = field(default_factory=asyncio.Event)
    promoted: list[str] = field(default_factory=list)
    triggered: list[str] = field(default_factory=list)
    refusals: list[Exception] = field(default_factory=list)
    """Raised, one after the other, where Airflow is asked for a run."""
    edited: bool = False
    """Whether somebody edits the routes while shifts run."""
    clock: Callable[[], float] = time.monotonic
    queue: JobQueue | None = None
    shifts: int = 0

    async def shift(
        self, *routes: dict[str, Any], grace: float = 5.0, settings: Settings | None = None,
        **queue: Any,
    ) -> Shift:  # fmt: skip
        """Serve the queue once; it ends as soon as the queue is empty, unless told otherwise."""
        jobs = BackgroundJobs(routes=[Route(**route) for route in routes])
        self.shifts += 1
        self.queue = JobQueue(
            self.redis, namespace=NAMESPACE, queue=QUEUE, consumer=f"test:{self.shifts}:consumer"
        )
        async with open_handlers(
            jobs,
            settings or Settings(),
            self.connections,
            lambda: redis_client.connect(self.redis_url),
            templates=self.templates,
            log=logging.getLogger("shift"),
            platform="system_daemon_postgres",
        ) as handlers:
            return await work(
                self.queue,
                Queue(name=QUEUE, **{"linger": 0, "concurrency": 8, **queue}),
                Doors(
                    Routes(jobs.routes),
                    handlers,
                    self._trigger,
                    edited=lambda: self.edited,
                    clock=self.clock,
                ),
                self._promote,
                stop=Stop(hurry=self.stop, rest=self.rest, grace=grace),
                log=logging.getLogger("shift"),
            )

    async def _promote(self, job: Job) -> None:
        self._refuse()
        assert self.queue is not None
        if await self.queue.promote(job):
            self.promoted.append(job.id)

    async def _trigger(self, job: Job, route: Route) -> None:
        self._refuse()
        self.triggered.append(f"{route.dag}:{job.id}")

    def _refuse(self) -> None:
        if self.refusals:
            raise self.refusals.pop(0)


@pytest_asyncio.fixture
async def workplace(redis: Redis, redis_url: str, tmp_path: Path) -> AsyncIterator[Workplace]:
    """Runs shifts; afterwards no consumer is registered and none holds a job."""
    place = Workplace(redis, redis_url, tmp_path / "templates")
    place.templates.mkdir()
    yield place
    left = [key async for key in redis.scan_iter(f"{KEYS.ours}*")]
    kept = tuple(f"{KEYS.ours}{kind}:" for kind in ("promoted", "notification", "held"))
    assert [key for key in left if not key.decode().startswith(kept)] == []
    assert await redis.smembers(KEYS.workers) == set()


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that failed is tried again at once."""
    monkeypatch.setattr(runs, "_FIRST_RETRY_S", 0.001)


@pytest.fixture
def quick_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A route that failed is tried again after a twentieth of a second."""
    monkeypatch.setattr(breaker, "FIRST_PAUSE_S", 0.05)


@pytest.fixture
def faster(monkeypatch: pytest.MonkeyPatch, workplace: Workplace) -> None:
    """Twenty times as fast: a pause of 5 s is a quarter of a second."""
    monkeypatch.setattr(consumer, "_LOOK_S", 0.05)
    workplace.clock = lambda: time.monotonic() * FASTER


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Callable[[], Sequence[str]]:
    """The lines of the shifts' log."""
    caplog.set_level(logging.INFO, logger="shift")
    return lambda: [record.getMessage() for record in caplog.records]


@pytest.fixture
def table(postgres_server: Postgres, workplace: Workplace) -> Iterator[Table]:
    """The platform's table of notifications, which the shifts are connected to."""
    with notification_table(postgres_server) as found:
        workplace.connections.database = found.url
        yield found


@pytest.fixture
def mail_box(workplace: Workplace, unused_tcp_port: int) -> Iterator[MailBox]:
    """The SMTP server behind the e-mail connection."""
    box = MailBox()
    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=unused_tcp_port,
        authenticator=box.authenticate,
        auth_require_tls=False,
    )
    controller.start()
    workplace.connections.mail = MailServer(
        host="127.0.0.1", port=unused_tcp_port, sender="clinic@example.org", encryption="none",
        timeout=5,
    )  # fmt: skip
    yield box
    controller.stop()


@pytest_asyncio.fixture
async def gateway(workplace: Workplace, endpoint: Endpoint) -> AsyncIterator[Endpoint]:
    """The HTTP gateway behind the SMS and push connections."""
    workplace.connections.gateways = {
        "system_daemon_sms": Gateway(
            url=endpoint.url, headers={"X-Key": "k"}, auth=Login("clinic", "secret")
        ),
        "system_daemon_push": Gateway(url=endpoint.url.replace("/jobs", "/push")),
    }
    yield endpoint
