"""The platform's database of the embedded stack, and where its notifications go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import aiosmtplib
import psycopg
import pytest

from system_daemon.jobs.handlers.access import MailServer
from system_daemon.jobs.handlers.delivery import SENT
from system_daemon.jobs.handlers.email import send_email
from system_daemon.jobs.handlers.message import Message
from system_daemon.local.demo_client import DemoClient
from system_daemon.local.demo_server import DemoServer
from system_daemon.local.failure import StackError
from system_daemon.local.platform_database import DATABASE, prepare
from system_daemon.local.ports import LOOPBACK, free_port
from system_daemon.local.postgres import Postgres


@pytest.fixture
def url(postgres_server: Postgres) -> Iterator[str]:
    yield postgres_server.url(DATABASE)
    with psycopg.connect(postgres_server.url(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")


def _tasks(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM task").fetchone()
        assert row is not None
        return int(row[0])


def test_it_is_made_and_filled_once(postgres_server: Postgres, url: str) -> None:
    prepare(postgres_server.url(), url)
    assert _tasks(url) == 20_000
    with psycopg.connect(url) as connection:
        connection.execute("DELETE FROM activity WHERE activity_id = 1")
        connection.execute("UPDATE task SET name = 'done by somebody' WHERE task_id = 1")
    prepare(postgres_server.url(), url)
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT name FROM task WHERE task_id = 1").fetchone()
        assert row == ("done by somebody",)


def test_what_an_interrupted_start_left_is_completed(postgres_server: Postgres, url: str) -> None:
    with psycopg.connect(postgres_server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}")
    prepare(postgres_server.url(), url)
    assert _tasks(url) == 20_000


def test_a_database_of_a_later_release_stops_the_start(postgres_server: Postgres, url: str) -> None:
    prepare(postgres_server.url(), url)
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO schema_version (version, name) VALUES (9999, 'later')")
    with pytest.raises(StackError, match="it was made by a newer release"):
        prepare(postgres_server.url(), url)


@pytest.fixture
def mail_server(tmp_path: Path) -> Iterator[tuple[MailServer, DemoClient]]:
    port = free_port()
    demo = DemoServer(tmp_path, port=free_port(), mail_port=port, log=tmp_path / "log")
    demo.start()
    server = MailServer(host=LOOPBACK, port=port, sender="clinic@example.org", encryption="none")
    yield server, DemoClient(demo.url())
    demo.stop()


def _message(number: int, text: str) -> Message:
    return Message(
        id=str(number), channel="email", to="ana@example.org", subject="Visit", text=text
    )


async def test_the_demo_takes_emails(mail_server: tuple[MailServer, DemoClient]) -> None:
    server, demo = mail_server
    for number, text in enumerate(("At 9.", ".at 10\n..\n.")):
        assert await send_email(_message(number, text), server) == SENT
    first, second = [call.body for call in demo.calls("mail")]
    assert "To: ana@example.org" in first
    assert "At 9." in first
    # A line of one point ends an e-mail: SMTP doubles it on the way.
    assert second.endswith("\r\n\r\n.at 10\r\n..\r\n.")


async def test_the_demo_survives_a_client_that_breaks_off(
    mail_server: tuple[MailServer, DemoClient],
) -> None:
    server, demo = mail_server
    client = aiosmtplib.SMTP(
        hostname=server.host, port=server.port, start_tls=False, use_tls=False, timeout=5
    )
    await client.connect()
    assert (await client.execute_command(b"VRFY", b"ana")).code == 502
    client.close()
    assert await send_email(_message(1, "At 9."), server) == SENT
    assert len(demo.calls("mail")) == 1
