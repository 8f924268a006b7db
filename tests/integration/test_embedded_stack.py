"""The adapters of the embedded stack, on real processes."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import aiohttp
import psutil
import psycopg
import pytest
import redis

from system_daemon.local.demo_answers import Answer
from system_daemon.local.demo_client import DemoClient
from system_daemon.local.failure import StackError
from system_daemon.local.ports import free_port
from system_daemon.local.postgres import Postgres
from system_daemon.local.processes import ProcessIdentity, is_alive
from system_daemon.local.redis import Redis, find_server
from tests.waiting import wait_until

PASSWORD = "it's a pass%word"


class Started:
    """Remembers the process that an adapter started."""

    process: ProcessIdentity

    def __call__(self, _name: str, process: ProcessIdentity) -> None:
        self.process = process


@pytest.fixture
def started() -> Started:
    return Started()


@pytest.fixture
def postgres(tmp_path: Path, started: Started) -> Iterator[Postgres]:
    # As root PostgreSQL runs as another user, who could not enter such a folder by himself.
    private = tmp_path / "only mine"
    private.mkdir(mode=0o700)
    folder = private / "with space"
    folder.mkdir()
    server = Postgres(
        folder, port=free_port(), password=PASSWORD, log=tmp_path / "log", record=started
    )
    server.start()
    yield server
    server.stop()


def listening(process: ProcessIdentity) -> list[str]:
    """The addresses and unix sockets on which a process listens."""
    connections = psutil.Process(process.pid).net_connections(kind="all")
    return [
        connection.laddr if isinstance(connection.laddr, str) else connection.laddr.ip
        for connection in connections
        if connection.status == psutil.CONN_LISTEN or isinstance(connection.laddr, str)
    ]


def test_postgres_listens_on_loopback_only_and_never_runs_as_root(
    postgres: Postgres, started: Started
) -> None:
    assert [address for address in listening(started.process) if address] == ["127.0.0.1"]
    assert psutil.Process(started.process.pid).uids().effective != 0


def test_postgres_wants_the_password(postgres: Postgres) -> None:
    url = postgres.url().replace("pass", "fail")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url)


def test_postgres_keeps_its_data_and_changes_no_folder_of_the_user(
    postgres: Postgres, tmp_path: Path
) -> None:
    with psycopg.connect(postgres.url()) as connection:
        connection.execute("CREATE TABLE kept (n int)")
    postgres.stop()
    assert not postgres.healthy()
    postgres.start()
    with psycopg.connect(postgres.url()) as connection:
        connection.execute("INSERT INTO kept VALUES (1)")
    private = (tmp_path / "only mine").stat()
    assert private.st_mode & 0o777 == 0o700
    assert private.st_uid == os.getuid()


def test_postgres_starts_again_after_it_was_killed(postgres: Postgres, started: Started) -> None:
    os.kill(started.process.pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(started.process), 10, "the end of the killed server")
    wait_until(lambda: not postgres.healthy(), 10, "no answer any more")
    postgres.start()
    assert postgres.healthy()


def test_a_port_that_is_taken_is_named_by_the_servers_own_words(
    postgres: Postgres, started: Started, tmp_path: Path
) -> None:
    port = next(
        connection.laddr.port
        for connection in psutil.Process(started.process.pid).net_connections()
        if connection.status == psutil.CONN_LISTEN
    )
    folder = tmp_path / "second"
    folder.mkdir()
    second_started = Started()
    second = Postgres(
        folder, port=port, password="another", log=tmp_path / "second.log", record=second_started
    )
    with pytest.raises(StackError, match="Address already in use"):
        second.start()
    assert not is_alive(second_started.process)


def test_redis_wants_the_password_and_keeps_its_data(tmp_path: Path, started: Started) -> None:
    folder = tmp_path / 'a "folder" with space'
    folder.mkdir()
    server = Redis(
        folder, port=free_port(), password="secret", log=tmp_path / "log", record=started
    )
    url = server.start()
    try:
        assert listening(started.process) == ["127.0.0.1"]
        assert "secret" not in " ".join(psutil.Process(started.process.pid).cmdline())
        with (
            redis.Redis.from_url(url.replace(":secret@", "")) as stranger,
            pytest.raises(redis.AuthenticationError),
        ):
            stranger.ping()
        with redis.Redis.from_url(url) as client:
            client.set("kept", "1")
        server.stop()
        assert not server.healthy()
        server.start()
        with redis.Redis.from_url(url) as client:
            assert client.get("kept") == b"1"
    finally:
        server.stop()
    assert not is_alive(started.process)


def test_another_redis_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SYSTEM_DAEMON_REDIS_SERVER", "/bin/true")
    assert find_server() == Path("/bin/true")
    monkeypatch.setenv("SYSTEM_DAEMON_REDIS_SERVER", str(tmp_path / "absent"))
    with pytest.raises(StackError, match="expected SYSTEM_DAEMON_REDIS_SERVER to name a program"):
        find_server()


def test_without_any_redis_one_sentence_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StackError, match="expected a Redis server, got none"):
        find_server()


async def test_the_demo_answers_by_its_script(demo_platform: DemoClient) -> None:
    demo_platform.script(
        "scripted",
        [
            Answer(code="success", message="Success: 3"),
            Answer(code="error", error_details=("first", "second"), status=500),
        ],
    )
    async with aiohttp.ClientSession(demo_platform.url) as session:
        answers = []
        for _ in range(3):
            async with session.post("/scripted", json={"n": 1}) as response:
                answers.append((response.status, (await response.json())["code"]))
    assert answers == [(200, "success"), (500, "error"), (500, "error")]
    calls = demo_platform.calls("scripted")
    assert [call.body for call in calls] == ['{"n": 1}'] * 3
    assert all(call.ended_at is not None and call.ended_at >= call.at for call in calls)


async def test_the_demo_refuses_a_script_it_does_not_understand(
    demo_platform: DemoClient,
) -> None:
    async with (
        aiohttp.ClientSession(demo_platform.url) as session,
        session.put("/_script/x", json={"answers": [{"coed": "success"}]}) as response,
    ):
        assert response.status == 422


async def test_the_demo_misbehaves_as_it_is_told(demo_platform: DemoClient) -> None:
    async with aiohttp.ClientSession(demo_platform.url) as session:

        async def post(answer: Answer) -> aiohttp.ClientResponse:
            demo_platform.script("odd", [answer])
            return await session.post(
                "/odd", allow_redirects=False, timeout=aiohttp.ClientTimeout(total=1)
            )

        assert (await post(Answer(behaviour="html"))).content_type == "text/html"
        assert (await post(Answer(behaviour="redirect"))).status == 302
        huge = await post(Answer(behaviour="huge"))
        huge.close()
        assert huge.status == 200
        with pytest.raises(TimeoutError):
            await post(Answer(behaviour="hang"))
        with pytest.raises(TimeoutError):
            await (await post(Answer(behaviour="drip"))).read()
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await post(Answer(behaviour="reset"))


async def test_the_demo_keeps_five_hundred_calls_waiting(demo_platform: DemoClient) -> None:
    demo_platform.script("slow", [Answer(code="success", delay=2.0)])
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(demo_platform.url, connector=connector) as session:

        async def call() -> str:
            async with session.post("/slow") as response:
                return str((await response.json())["code"])

        assert await asyncio.gather(*[call() for _ in range(500)]) == ["success"] * 500
    calls = demo_platform.calls("slow")
    assert len(calls) == 500
    last_begin = max(call.at for call in calls)
    first_end = min(call.ended_at or 0.0 for call in calls)
    assert last_begin < first_end, asdict(calls[-1])


def test_the_shared_servers_are_there(postgres_server: Postgres, redis_url: str) -> None:
    assert postgres_server.healthy()
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
