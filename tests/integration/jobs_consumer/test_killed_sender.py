"""A sender that is killed at any step neither loses nor doubles a notification."""

from __future__ import annotations

import asyncio
import json
import sys

import pytest
from redis.asyncio import Redis

from system_daemon.jobs.reaper import Reaper
from tests.airflow_settings import PROJECT
from tests.integration.jobs_consumer.clinic import KEYS, NAMESPACE, QUEUE, enqueue
from tests.integration.jobs_consumer.conftest import Workplace
from tests.integration.jobs_consumer.mail_box import MailBox
from tests.integration.jobs_consumer.notification_rows import (
    QUEUED,
    SENDING,
    SENT,
    Table,
    wake,
)
from tests.integration.jobs_consumer.notifications import ROUTE

WHOLE = json.dumps(
    {"class": "SendNotification", "args": [{"id": "n1", "to": "a@example.org", "text": "Visit"}]}
)


@pytest.mark.parametrize(
    ("moment", "mails", "status"),
    [
        ("before the claim", 1, SENT),
        # At most once: what became of it is not known, and DELAYED_NOTIFICATIONS says so later.
        ("after the claim", 0, SENDING),
        ("before it leaves", 0, SENDING),
        ("as it is given back", 1, SENT),
        ("before it is noted", 1, SENDING),
        ("after it is noted", 1, SENT),
    ],
)
async def test_of_a_row(
    redis: Redis,
    redis_url: str,
    workplace: Workplace,
    mail_box: MailBox,
    table: Table,
    moment: str,
    mails: int,
    status: int,
) -> None:
    key = table.add()
    await enqueue(redis, wake(key))
    if moment == "as it is given back":
        mail_box.data = ["451 try later"]
    await _killed(redis, redis_url, workplace, moment, table.url)
    if moment == "as it is given back":
        assert table.status(key) == QUEUED
    await workplace.shift(ROUTE)
    assert (len(mail_box.mails), table.status(key)) == (mails, status)
    assert await redis.llen(KEYS.queue(QUEUE)) == 0


@pytest.mark.parametrize(
    ("moment", "mails", "acked"),
    [
        ("before the note", 1, 1),
        # At most once: the next attempt fails, and says which key to delete.
        ("after the note", 0, 0),
        ("after it left", 1, 0),
        ("before the note is taken back", 0, 0),
        ("after the note is taken back", 1, 1),
        ("before sent is noted", 1, 0),
        ("after sent is noted", 1, 1),
    ],
)
async def test_of_a_whole_notification(
    redis: Redis,
    redis_url: str,
    workplace: Workplace,
    mail_box: MailBox,
    moment: str,
    mails: int,
    acked: int,
) -> None:
    await enqueue(redis, WHOLE)
    if "taken back" in moment:
        mail_box.data = ["451 try later"]
    await _killed(redis, redis_url, workplace, moment, "no database")
    shift = await workplace.shift(ROUTE, max_attempts=1)
    assert (len(mail_box.mails), shift.acked, shift.promoted) == (mails, acked, 1 - acked)


async def _killed(
    redis: Redis, redis_url: str, workplace: Workplace, moment: str, database: str
) -> None:
    """Run the sender until it kills itself; its jobs go back into the queue."""
    assert workplace.connections.mail is not None
    port = str(workplace.connections.mail.port)
    sender = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.integration.jobs_consumer.killed_sender"),
        *(moment, redis_url, database, port, QUEUE, NAMESPACE),
        cwd=PROJECT,
        env={"PYTHONPATH": f"{PROJECT / 'include'}:{PROJECT}"},
    )
    assert await sender.wait() == -9
    await _sixty_seconds_later(redis)
    reaped = await Reaper(redis, namespace=NAMESPACE, queue=QUEUE).reap()
    assert reaped is not None
    assert reaped.given_back == 1


async def _sixty_seconds_later(redis: Redis) -> None:
    """The dead sender's session has expired."""
    async for session in redis.scan_iter(f"{KEYS.ours}consumer:*"):
        await redis.delete(session)
