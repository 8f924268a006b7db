"""Airflow connections as the clients of a call get them."""

from __future__ import annotations

import json
import ssl
from pathlib import Path

import pytest
import trustme
from airflow.sdk import Connection

from system_daemon.connections import (
    ConnectionUnusableError,
    http_access,
    postgres_conninfo,
    redis_url,
)

ENDPOINT = "https://his.example/import"


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch):
    """Defines an Airflow connection for one test."""

    def define(conn_id: str, **fields: object) -> None:
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(fields))

    return define


async def test_no_connection_means_no_credentials() -> None:
    access = await http_access(None, ENDPOINT)
    assert (access.auth, dict(access.headers), access.tls) == (None, {}, True)


async def test_login_headers_and_tls_come_from_the_connection(connection) -> None:
    connection(
        "his",
        conn_type="http",
        host="https://his.example",
        login="daemon",
        password="pässword",
        extra={"X-Tenant": "7", "timeout": 5, "headers": {"X-Trace": "on"}, "verify": False},
    )
    access = await http_access("his", ENDPOINT)
    assert access.auth == ("daemon", "pässword")
    assert access.headers == {"X-Tenant": "7", "X-Trace": "on"}
    assert access.tls is False


async def test_connections_of_airflow_before_3_3_2_are_read_the_same(
    connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for later in ("aextra_dejson", "aget_uri"):
        monkeypatch.delattr(Connection, later, raising=False)
    connection("his", conn_type="http", host="his.example", extra={"X-Tenant": "7"})
    assert (await http_access("his", ENDPOINT)).headers == {"X-Tenant": "7"}
    connection("plain", conn_type="redis", host="redis.example")
    assert await redis_url("plain") == "redis://redis.example:6379/0"
    connection("odd", conn_type="redis", host="redis.example", extra="no JSON")
    assert await redis_url("odd") == "redis://redis.example:6379/0"


async def test_a_missing_connection_is_one_sentence() -> None:
    with pytest.raises(ConnectionUnusableError) as refused:
        await http_access("nowhere", ENDPOINT)
    assert str(refused.value) == (
        'expected an Airflow connection "nowhere" of type http, got none; create it under Admin,'
        " Connections; nothing was sent"
    )


async def test_credentials_go_to_no_other_host(connection) -> None:
    connection("his", conn_type="http", host="other.example", login="daemon", password="secret")
    with pytest.raises(ConnectionUnusableError) as refused:
        await http_access("his", ENDPOINT)
    assert "for the host his.example, got one for other.example" in str(refused.value)
    assert "secret" not in str(refused.value)


async def test_a_private_authority_and_a_client_certificate(connection, tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("daemon.example")
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    issued.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "daemon.pem"))
    extra = {"verify": str(tmp_path / "ca.pem"), "cert": str(tmp_path / "daemon.pem")}
    connection("his", conn_type="http", host="his.example", extra=extra)
    first = await http_access("his", ENDPOINT)
    again = await http_access("his", ENDPOINT)
    assert isinstance(first.tls, ssl.SSLContext)
    assert first.tls is again.tls, "authorities are read once, not once a call"


async def test_an_unreadable_certificate_is_one_sentence(connection) -> None:
    connection("his", conn_type="http", host="his.example", extra={"verify": "/no/such/file"})
    with pytest.raises(ConnectionUnusableError, match="expected readable certificate files"):
        await http_access("his", ENDPOINT)


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"host": "redis", "port": 6380}, "redis://redis:6380/0"),
        ({"host": "redis", "password": "p/w"}, "redis://:p%2Fw@redis:6379/0"),
        ({"host": "r", "login": "u", "password": "p"}, "redis://u:p@r:6379/0"),
        ({"host": "r", "extra": {"db": 3}}, "redis://r:6379/3"),
        (
            {"host": "r", "extra": {"ssl": True, "ssl_cert_reqs": "none"}},
            "rediss://r:6379/0?ssl_cert_reqs=none",
        ),
    ],
    ids=["plain", "password", "user", "database", "tls"],
)
async def test_redis_connections(connection, fields: dict[str, object], url: str) -> None:
    connection("store", conn_type="redis", **fields)
    assert await redis_url("store") == url


async def test_a_redis_cluster_is_refused(connection) -> None:
    connection("store", conn_type="redis", host="r", extra={"cluster": True})
    with pytest.raises(ConnectionUnusableError, match="expected one Redis server"):
        await redis_url("store")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"host": "db", "port": 6432, "login": "u", "password": "p w'x", "schema": "linkcare"},
            {"host": "db", "port": "6432", "user": "u", "password": "p w'x", "dbname": "linkcare"},
        ),
        ({}, {"host": "localhost", "port": "5432", "connect_timeout": "10"}),
        (
            {"extra": {"sslmode": "verify-full", "connect_timeout": 3, "cursor": "dictcursor"}},
            {"sslmode": "verify-full", "connect_timeout": "3"},
        ),
    ],
    ids=["all", "nothing", "extra"],
)
async def test_postgres_connections(connection, fields: dict, expected: dict[str, str]) -> None:
    from psycopg.conninfo import conninfo_to_dict

    connection("platform", conn_type="postgres", **fields)
    found = conninfo_to_dict(await postgres_conninfo("platform"))
    assert expected.items() <= found.items()
    assert "cursor" not in found


async def test_another_kind_of_database_is_refused(connection) -> None:
    connection("platform", conn_type="mysql", host="h")
    with pytest.raises(ConnectionUnusableError, match="of type postgres, got mysql"):
        await postgres_conninfo("platform")
