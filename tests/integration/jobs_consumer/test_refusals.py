"""Servers that refuse: for now or for good, one message or all; nothing is lost and none is twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import pytest
from aiohttp import web
from aiosmtpd.controller import Controller
from redis.asyncio import Redis

from system_daemon.jobs.handlers.access import Gateway, MailServer
from system_daemon.jobs.handlers.patience import PATIENCE_S
from tests.integration.jobs_consumer.clinic import Endpoint, enqueue
from tests.integration.jobs_consumer.conftest import Workplace
from tests.integration.jobs_consumer.mail_box import MailBox
from tests.integration.jobs_consumer.notification_rows import (
    FAILED,
    QUEUED,
    SENT,
    Table,
    wake,
)
from tests.integration.jobs_consumer.notifications import ROUTE, noted, whole

pytestmark = pytest.mark.usefixtures("quick_breaks")

GREYLISTED = "450 4.2.0 ana@example.org is greylisted"


async def test_a_greylisted_message_is_tried_again(
    redis: Redis, workplace: Workplace, mail_box: MailBox, told: Callable[[], Sequence[str]]
) -> None:
    mail_box.rcpts = [GREYLISTED, "451 4.7.1 try again later"]
    await enqueue(redis, whole())
    shift = await workplace.shift(ROUTE, max_attempts=3)
    assert (shift.acked, shift.failed, len(mail_box.mails)) == (1, 2, 1)
    assert any("refused the recipient (SMTP 450)" in line for line in told())
    assert not any("ana@" in line for line in told())


async def test_a_greylisted_row_waits_for_its_rescue_and_holds_nobody(
    redis: Redis, workplace: Workplace, mail_box: MailBox, table: Table
) -> None:
    keys = [table.add() for _ in range(30)]
    mail_box.rcpts = [GREYLISTED] * 30
    await enqueue(redis, *map(wake, keys))
    shift = await workplace.shift(ROUTE)
    assert (shift.acked, shift.failed, shift.holds) == (30, 0, 0)
    assert {table.status(key) for key in keys} == {QUEUED}
    row = table.row(keys[0])
    assert "refused the recipient (SMTP 450)" in row["error"]
    assert "ana@" not in row["error"]
    await enqueue(redis, *map(wake, keys))
    await workplace.shift(ROUTE)
    assert {table.status(key) for key in keys} == {SENT}
    assert len(mail_box.mails) == 30


async def test_after_a_day_a_row_that_is_still_refused_is_given_up(
    redis: Redis,
    workplace: Workplace,
    mail_box: MailBox,
    table: Table,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mail_box.rcpts = [GREYLISTED] * 3
    key, now, real = table.add(), [0.0], time.time
    monkeypatch.setattr("system_daemon.jobs.handlers.patience.time.time", lambda: real() + now[0])
    for now[0], status in ((0, QUEUED), (PATIENCE_S - 60, QUEUED), (PATIENCE_S + 60, FAILED)):
        await enqueue(redis, wake(key))
        await workplace.shift(ROUTE)
        assert table.status(key) == status
    assert table.row(key)["error"].endswith("refused the recipient (SMTP 450), and had for a day")
    assert mail_box.mails == []


async def test_a_server_that_hangs_up_before_the_message_has_not_sent_it(
    redis: Redis, workplace: Workplace, mail_box: MailBox, table: Table
) -> None:
    mail_box.rcpts = ["hang up", "hang up"]
    key = table.add()
    await enqueue(redis, wake(key), whole())
    shift = await workplace.shift(ROUTE, concurrency=1, max_attempts=2)
    assert (shift.acked, shift.failed) == (2, 1)
    assert table.status(key) == QUEUED
    assert "broke off before the message" in table.row(key)["error"]
    assert len(mail_box.mails) == 1


async def test_an_address_that_the_server_cannot_be_given_fails_this_message_only(
    redis: Redis,
    workplace: Workplace,
    table: Table,
    unused_tcp_port: int,
    told: Callable[[], Sequence[str]],
) -> None:
    box = MailBox()
    server = Controller(
        box, hostname="127.0.0.1", port=unused_tcp_port, enable_SMTPUTF8=False, decode_data=False
    )
    server.start()
    try:
        workplace.connections.mail = MailServer(
            host="127.0.0.1", port=unused_tcp_port, sender="a@example.org", encryption="none"
        )
        table.connection.execute("UPDATE patient_case SET email = 'ana@example.中国'")
        key = table.add()
        await enqueue(redis, wake(key), whole(to="ana@example.中国"), whole("n2"))
        shift = await workplace.shift(ROUTE, concurrency=1, max_attempts=1)
    finally:
        server.stop()
    assert (shift.acked, shift.promoted, len(box.mails)) == (2, 1, 1)
    row = table.row(key)
    assert (row["status"], "no SMTPUTF8" in row["error"]) == (FAILED, True)
    assert len(await noted(redis)) == 1, "only the one that was sent is remembered"
    assert not any("may have been sent" in line for line in told())


@pytest.mark.parametrize("to", ["?@[)", "_?@[)\\", " bb@", "?@ [ "])
async def test_an_address_that_is_none_leaves_no_note(
    redis: Redis, workplace: Workplace, mail_box: MailBox, to: str
) -> None:
    await enqueue(redis, whole(to=to))
    shift = await workplace.shift(ROUTE, max_attempts=1)
    assert (shift.promoted, mail_box.mails, await noted(redis)) == (1, [], [])


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_a_wrong_address_and_takes_no_row_with_it(
    redis: Redis, workplace: Workplace, gateway: Endpoint, table: Table, status: int
) -> None:
    async def answer(_job: dict[str, object]) -> web.Response:
        return web.Response(status=status, headers={"Location": "https://gateway.example/"})

    gateway.answering = answer
    key = table.add("sms")
    await enqueue(redis, wake(key), whole(channel="sms"))
    assert (await workplace.shift(ROUTE, max_attempts=1)).promoted == 2
    row = table.row(key)
    assert row["status"] == QUEUED
    assert f"answered HTTP {status}; redirects are not followed" in row["error"]
    assert await noted(redis) == []


@pytest.mark.parametrize("status", [408, 425])
async def test_a_gateway_that_took_nothing_yet_is_asked_again(
    redis: Redis, workplace: Workplace, gateway: Endpoint, table: Table, status: int
) -> None:
    async def answer(_job: dict[str, object]) -> web.Response:
        return web.Response(status=status if len(gateway.jobs) < 3 else 200)

    gateway.answering = answer
    key = table.add("sms")
    await enqueue(redis, wake(key), whole(channel="sms"))
    shift = await workplace.shift(ROUTE, max_attempts=3)
    assert (shift.acked, shift.failed, len(gateway.jobs)) == (2, 2, 4)
    assert table.status(key) == SENT


async def test_headers_that_cannot_be_sent_are_the_connections_fault(
    redis: Redis, workplace: Workplace, gateway: Endpoint, table: Table
) -> None:
    workplace.connections.gateways["system_daemon_sms"] = Gateway(
        url=gateway.url, headers={"X-Key": "one\nline too many"}
    )
    key = table.add("sms")
    await enqueue(redis, wake(key), whole(channel="sms"))
    assert (await workplace.shift(ROUTE, max_attempts=1)).promoted == 2
    assert (table.status(key), gateway.jobs, await noted(redis)) == (QUEUED, [], [])


async def test_a_patient_who_was_deleted_is_not_written_to(
    redis: Redis, workplace: Workplace, mail_box: MailBox, table: Table
) -> None:
    table.connection.execute("UPDATE patient_case SET deleted_at = now()")
    key = table.add()
    await enqueue(redis, wake(key))
    assert (await workplace.shift(ROUTE)).acked == 1
    assert (mail_box.mails, table.status(key)) == ([], QUEUED)
