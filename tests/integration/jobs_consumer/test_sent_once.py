"""What was noted or claimed although nothing left is taken back, and only by who noted it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import pytest_asyncio
from redis.asyncio import Redis

from system_daemon import redis_client
from system_daemon.jobs.handlers.access import MailServer
from system_daemon.jobs.handlers.outbox import Outbox
from tests.integration.jobs_consumer.clinic import enqueue, until
from tests.integration.jobs_consumer.conftest import Connected, Workplace
from tests.integration.jobs_consumer.mail_box import MailBox
from tests.integration.jobs_consumer.notification_rows import QUEUED, SENT, Table, wake
from tests.integration.jobs_consumer.notifications import ROUTE, noted, whole
from tests.integration.services.reply_dropper import ReplyDropper


@pytest_asyncio.fixture
async def dropper(redis_url: str, workplace: Workplace) -> AsyncIterator[ReplyDropper]:
    """A proxy between the handlers and Redis that can lose a reply; the queue goes around it."""
    port = urlsplit(redis_url).port
    assert port is not None
    proxy = ReplyDropper(port)
    await proxy.start()
    workplace.redis_url = redis_url.replace(f":{port}", f":{proxy.port}")
    yield proxy
    await proxy.stop()


@pytest.mark.parametrize("command", [b"\r\nNX\r\n", b"\r\nXX\r\n"])
async def test_a_lost_reply_to_a_note_neither_blocks_nor_doubles(
    redis: Redis, workplace: Workplace, mail_box: MailBox, dropper: ReplyDropper, command: bytes
) -> None:
    dropper.marker = command
    await enqueue(redis, whole())
    shift = await workplace.shift(ROUTE, max_attempts=1)
    assert (shift.acked, dropper.dropped, len(mail_box.mails)) == (1, 1, 1)
    assert [await redis.get(key) for key in await noted(redis)] == [b"sent"]


async def test_a_note_whose_fate_is_unknown_is_taken_back(
    redis: Redis,
    workplace: Workplace,
    mail_box: MailBox,
    dropper: ReplyDropper,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def once(command: Callable[[], Any]) -> Any:
        return await command()

    with monkeypatch.context() as patched:
        patched.setattr("system_daemon.jobs.handlers.sent_once.repeat_once", once)
        dropper.marker = b"\r\nNX\r\n"
        await enqueue(redis, whole())
        assert (await workplace.shift(ROUTE, max_attempts=1)).failed == 1
    assert (dropper.dropped, mail_box.mails, await noted(redis)) == (1, [], [])


async def test_nobody_takes_back_the_note_of_somebody_else(
    redis: Redis, workplace: Workplace, mail_box: MailBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that was deleted by hand and is another sender's now, as the first one gives up."""

    async def refuse_late(_self: MailBox, *_: object) -> str:
        async with redis_client.connect(workplace.redis_url, decode_responses=False) as here:
            (key,) = await noted(here)
            await here.set(key, "sending:another one", ex=60)
        return "451 try later"

    monkeypatch.setattr(MailBox, "handle_DATA", refuse_late)
    await enqueue(redis, whole())
    await workplace.shift(ROUTE, max_attempts=1)
    assert [await redis.get(key) for key in await noted(redis)] == [b"sending:another one"]


async def test_a_malformed_connection_costs_no_notification(
    redis: Redis,
    workplace: Workplace,
    mail_box: MailBox,
    table: Table,
    monkeypatch: pytest.MonkeyPatch,
    told: Callable[[], Sequence[str]],
) -> None:
    async def malformed(_self: Connected, _conn_id: str) -> MailServer:
        return MailServer(host="x", port=25, sender="x", timeout=float("a secret"))

    key = table.add()
    await enqueue(redis, wake(key), whole())
    with monkeypatch.context() as patched:
        patched.setattr(Connected, "mail_server", malformed)
        assert (await workplace.shift(ROUTE, max_attempts=1)).promoted == 2
    assert (table.status(key), await noted(redis)) == (QUEUED, [])
    sentence = "the Airflow connection for email could not be read (ValueError)"
    assert table.row(key)["error"] == sentence
    assert any(sentence in line for line in told())
    assert not any("secret" in line for line in told())
    await enqueue(redis, wake(key).replace('"id": "', '"id": "again-'), whole("n2"))
    assert (await workplace.shift(ROUTE)).acked == 2
    assert table.status(key) == SENT
    assert len(mail_box.mails) == 2


async def test_a_sender_that_is_stopped_while_it_looks_for_its_way_has_noted_nothing(
    redis: Redis, workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forever(_self: Connected, _conn_id: str) -> MailServer:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(Connected, "mail_server", forever)
    await enqueue(redis, whole())
    assert (await workplace.shift({**ROUTE, "timeout": 1}, max_attempts=1)).failed == 1
    assert await noted(redis) == []


async def test_a_claim_whose_reply_is_lost_is_found_again(
    redis: Redis,
    workplace: Workplace,
    mail_box: MailBox,
    table: Table,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    execute, cut = psycopg.AsyncConnection.execute, []

    async def cut_off_once(self: Any, query: str, *given: Any, **options: Any) -> Any:
        done = await execute(self, query, *given, **options)
        if "SET status = 3" in query and not cut:
            cut.append(query)
            await self.close()
            raise psycopg.OperationalError("the connection is lost")
        return done

    monkeypatch.setattr(psycopg.AsyncConnection, "execute", cut_off_once)
    key = table.add()
    await enqueue(redis, wake(key))
    assert (await workplace.shift(ROUTE, max_attempts=1)).acked == 1
    assert len(cut) == len(mail_box.mails) == 1
    assert table.status(key) == SENT


async def test_a_sender_that_is_stopped_while_it_claims_gives_the_row_back(
    redis: Redis, workplace: Workplace, table: Table
) -> None:
    """Somebody holds the row; the sender is cancelled before it is let in, or as it is."""
    key = table.add()
    with psycopg.connect(table.url) as somebody:
        somebody.execute("SELECT FROM notification FOR UPDATE")
        await enqueue(redis, wake(key))
        shift = asyncio.create_task(workplace.shift({**ROUTE, "timeout": 0.5}, max_attempts=1))
        await until(lambda: _waits_for_a_lock(table), "the sender waits for the row")
        await until(lambda: not _waits_for_a_lock(table), "the sender is stopped")
        somebody.rollback()
        assert (await shift).failed == 1
    assert (table.status(key), table.row(key)["claimed_at"]) == (QUEUED, None)


def _waits_for_a_lock(table: Table) -> bool:
    found = table.connection.execute(
        "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND application_name = 'system-daemon notifications'"
    )
    return found.fetchone() is not None


async def test_a_sender_that_is_stopped_as_its_claim_succeeds_gives_the_row_back(
    redis: Redis,
    workplace: Workplace,
    mail_box: MailBox,
    table: Table,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    execute = psycopg.AsyncConnection.execute

    async def never_told(self: Any, query: str, *given: Any, **options: Any) -> Any:
        done = await execute(self, query, *given, **options)
        if "SET status = 3" in query:
            await asyncio.Event().wait()
        return done

    monkeypatch.setattr(psycopg.AsyncConnection, "execute", never_told)
    key = table.add()
    await enqueue(redis, wake(key))
    assert (await workplace.shift({**ROUTE, "timeout": 0.5}, max_attempts=1)).failed == 1
    assert (mail_box.mails, table.status(key), table.row(key)["claimed_at"]) == ([], QUEUED, None)


async def test_a_claim_is_nobodys_but_its_own_senders(table: Table) -> None:
    async def conninfo() -> str:
        return table.url

    first, second = Outbox(conninfo), Outbox(conninfo)
    key = table.add()
    assert await first.claim(key) is not None
    assert await second.claim(key) is None
    assert await first.claim(key) is None
    await first.aclose()
    await second.aclose()


async def test_an_id_that_would_forge_a_line_of_the_log_is_made_visible(
    redis: Redis, workplace: Workplace, mail_box: MailBox, told: Callable[[], Sequence[str]]
) -> None:
    forged = "n1\nERROR all patients were deleted"
    await enqueue(redis, whole(forged), whole(forged))
    assert (await workplace.shift(ROUTE, concurrency=1)).acked == 2
    assert len(mail_box.mails) == 1
    (line,) = [line for line in told() if "was sent before" in line]
    assert "\n" not in line
    assert r"n1\nERROR" in line
