"""Notifications of the platform's own table: a row, a job that wakes the sender, one delivery."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from aiohttp import web
from redis.asyncio import Redis

from system_daemon.jobs.handlers.access import MailServer
from system_daemon.jobs.handlers.outbox import Outbox
from tests.integration.jobs_consumer.clinic import Endpoint, enqueue
from tests.integration.jobs_consumer.conftest import Workplace
from tests.integration.jobs_consumer.mail_box import MailBox
from tests.integration.jobs_consumer.notification_rows import (
    DATABASE,
    FAILED,
    PENDING,
    QUEUED,
    SENDING,
    SENT,
    Table,
    wake,
)
from tests.integration.jobs_consumer.notifications import ROUTE

pytestmark = pytest.mark.usefixtures("quick_breaks")


async def test_an_email_leaves_and_its_row_says_so(
    redis: Redis, workplace: Workplace, mail_box: MailBox, table: Table
) -> None:
    key = table.add()
    await enqueue(redis, wake(key))
    assert (await workplace.shift(ROUTE)).acked == 1
    (mail,) = mail_box.mails
    assert mail_box.recipients == ["ana@example.org"]
    assert (mail["Subject"], mail.get_content().strip()) == ("Visit", "Your visit is at 9.")
    row = table.row(key)
    assert row["status"] == SENT
    assert row["claimed_at"] <= row["sent_at"]
    assert row["error"] is None


@pytest.mark.parametrize(("channel", "to"), [("sms", "+34600000001"), ("push", "1")])
async def test_sms_and_push_go_through_their_gateway(
    redis: Redis, workplace: Workplace, gateway: Endpoint, table: Table, channel: str, to: str
) -> None:
    key = table.add(channel)
    await enqueue(redis, wake(key))
    assert (await workplace.shift(ROUTE)).acked == 1
    identity = f"notification-{key}"
    assert gateway.jobs == [
        {"id": identity, "to": to, "subject": "Visit", "text": "Your visit is at 9."}
    ]
    assert gateway.headers[0]["Idempotency-Key"] == identity
    assert table.status(key) == SENT


async def test_of_many_jobs_for_one_row_one_sends(
    redis: Redis, workplace: Workplace, mail_box: MailBox, table: Table
) -> None:
    keys = [table.add() for _ in range(5)]
    await enqueue(redis, *[wake(key) for key in keys * 8])
    assert (await workplace.shift(ROUTE, concurrency=16)).acked == 40
    assert len(mail_box.mails) == 5
    assert {table.status(key) for key in keys} == {SENT}


@pytest.mark.parametrize("status", [PENDING, SENDING, SENT, FAILED])
async def test_a_row_that_does_not_wait_is_left_alone(
    redis: Redis, workplace: Workplace, mail_box: MailBox, table: Table, status: int
) -> None:
    key = table.add(status=status)
    before = table.row(key)
    await enqueue(redis, wake(key))
    assert (await workplace.shift(ROUTE)).acked == 1
    assert mail_box.mails == []
    assert table.row(key) == before


async def test_a_row_that_was_deleted_or_is_gone_is_not_sent(
    redis: Redis, workplace: Workplace, mail_box: MailBox, table: Table
) -> None:
    key = table.add(deleted_at="2026-01-01T00:00Z")
    await enqueue(redis, wake(key), wake(10**12))
    assert (await workplace.shift(ROUTE)).acked == 2
    assert mail_box.mails == []
    assert table.status(key) == QUEUED


async def test_what_certainly_did_not_leave_is_tried_again(
    redis: Redis, workplace: Workplace, mail_box: MailBox, table: Table
) -> None:
    mail_box.data = ["451 try later"]
    key = table.add()
    await enqueue(redis, wake(key))
    shift = await workplace.shift(ROUTE, max_attempts=3)
    assert (shift.acked, shift.failed, len(mail_box.mails)) == (1, 1, 1)
    assert table.status(key) == SENT


async def test_without_a_mail_server_the_row_waits_and_says_why(
    redis: Redis, workplace: Workplace, table: Table
) -> None:
    key = table.add()
    await enqueue(redis, wake(key))
    assert (await workplace.shift(ROUTE, max_attempts=2)).promoted == 1
    row = table.row(key)
    assert (row["status"], row["claimed_at"]) == (QUEUED, None)
    assert row["queued_at"] is not None
    assert row["error"] == 'expected an Airflow connection "system_daemon_email", got none'


async def test_a_gateway_that_wants_a_pause_gets_it(
    redis: Redis, workplace: Workplace, gateway: Endpoint, table: Table
) -> None:
    async def answer(_job: dict[str, object]) -> web.Response:
        first = len(gateway.jobs) == 1
        return web.Response(status=429 if first else 200, headers={"Retry-After": "0"})

    gateway.answering = answer
    key = table.add("sms")
    await enqueue(redis, wake(key))
    shift = await workplace.shift(ROUTE, max_attempts=1)
    assert (shift.acked, shift.failed, len(gateway.jobs)) == (1, 0, 2)
    assert table.status(key) == SENT


@pytest.mark.parametrize("status", [401, 404])
async def test_a_gateway_that_refuses_everybody_takes_no_row_with_it(
    redis: Redis, workplace: Workplace, gateway: Endpoint, table: Table, status: int
) -> None:
    async def answer(_job: dict[str, object]) -> web.Response:
        return web.Response(status=status)

    gateway.answering = answer
    key = table.add("sms")
    await enqueue(redis, wake(key))
    assert (await workplace.shift(ROUTE, max_attempts=2)).promoted == 1
    assert table.status(key) == QUEUED
    assert len(gateway.jobs) == 2


async def test_a_refused_recipient_ends_the_row_without_his_address(
    redis: Redis,
    workplace: Workplace,
    mail_box: MailBox,
    table: Table,
    told: Callable[[], Sequence[str]],
) -> None:
    mail_box.rcpt = "550 no such user ana@example.org"
    key = table.add()
    await enqueue(redis, wake(key))
    assert (await workplace.shift(ROUTE)).acked == 1
    row = table.row(key)
    assert row["status"] == FAILED
    assert "refused the recipient (SMTP 550)" in row["error"]
    assert any("is not sent" in line for line in told())
    assert not any("ana@" in text for text in (row["error"], *told()))


async def test_a_patient_without_an_address_ends_the_row(
    redis: Redis, workplace: Workplace, mail_box: MailBox, table: Table
) -> None:
    table.connection.execute("UPDATE patient_case SET email = NULL")
    key = table.add()
    await enqueue(redis, wake(key))
    assert (await workplace.shift(ROUTE)).acked == 1
    row = table.row(key)
    assert (row["status"], row["error"]) == (
        FAILED,
        'expected "to" to be an address on one line',
    )


async def test_what_may_have_left_is_never_sent_again(
    redis: Redis, workplace: Workplace, mail_box: MailBox, table: Table
) -> None:
    mail_box.data = ["hang up"]
    key = table.add()
    await enqueue(redis, wake(key))
    shift = await workplace.shift(ROUTE, max_attempts=3)
    assert (shift.acked, shift.failed, mail_box.mails) == (1, 1, [])
    row = table.row(key)
    assert row["status"] == FAILED
    assert "it may have been sent" in row["error"]


async def test_a_sender_that_is_stopped_while_it_sends_is_in_doubt(
    redis: Redis, workplace: Workplace, gateway: Endpoint, table: Table
) -> None:
    async def answer(_job: dict[str, object]) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    gateway.answering = answer
    key = table.add("sms")
    await enqueue(redis, wake(key))
    await workplace.shift({**ROUTE, "timeout": 1}, max_attempts=1)
    row = table.row(key)
    assert row["status"] == FAILED
    assert "the sender was stopped" in row["error"]


async def test_a_sender_that_is_stopped_before_it_begins_gives_the_row_back(
    redis: Redis, workplace: Workplace, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forever(_conn_id: str) -> MailServer:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(type(workplace.connections), "mail_server", lambda _self, _id: forever(_id))
    key = table.add()
    await enqueue(redis, wake(key))
    await workplace.shift({**ROUTE, "timeout": 1}, max_attempts=1)
    assert table.status(key) == QUEUED


async def test_a_lost_connection_is_opened_again(
    redis: Redis,
    workplace: Workplace,
    mail_box: MailBox,
    table: Table,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    claim = Outbox.claim

    async def cut_off_after(self: Outbox, key: int) -> Any:
        claimed = await claim(self, key)
        table.connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE application_name = 'system-daemon notifications'"
        )
        return claimed

    monkeypatch.setattr(Outbox, "claim", cut_off_after)
    keys = [table.add() for _ in range(3)]
    await enqueue(redis, *map(wake, keys))
    shift = await workplace.shift(ROUTE, concurrency=1)
    assert shift.acked == 3
    assert len(mail_box.mails) == 3
    assert [table.status(key) for key in keys] == [SENT] * 3


async def test_without_a_database_the_job_waits_for_a_person(
    redis: Redis,
    workplace: Workplace,
    mail_box: MailBox,
    table: Table,
    told: Callable[[], Sequence[str]],
) -> None:
    key = table.add()
    workplace.connections.database = None
    await enqueue(redis, wake(key))
    assert (await workplace.shift(ROUTE, max_attempts=1)).promoted == 1
    assert any('connection "system_daemon_postgres", got none' in line for line in told())
    workplace.connections.database = table.url.replace(DATABASE, "nowhere")
    await enqueue(redis, wake(key).replace("notification-", "other-"))
    assert (await workplace.shift(ROUTE, max_attempts=1)).promoted == 1
    assert any("the platform's database could not be used" in line for line in told())
    assert table.status(key) == QUEUED


@pytest.mark.parametrize("key", ["1", None, 1.5, True])
async def test_what_names_no_row_fails_with_a_sentence(
    redis: Redis, workplace: Workplace, table: Table, told: Callable[[], Sequence[str]], key: object
) -> None:
    await enqueue(redis, wake(key))
    assert (await workplace.shift(ROUTE, max_attempts=1)).promoted == 1
    assert any('expected "notification" to be a row\'s number' in line for line in told())
