"""Airflow connections, as what the clients of domain code need."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowException

from system_daemon.access import HttpAccess, Login

_NOT_HEADERS = frozenset(
    {
        "allow_redirects", "cert", "check_response", "headers", "max_redirects", "proxies", "proxy",
        "srv_lookup", "stream", "timeout", "trust_env", "verify", "verify_ssl",
    }
)  # fmt: skip
"""Keys of an HTTP connection's extra that the http provider does not send as headers."""
_REDIS_EXTRAS = (
    "ssl_ca_certs",
    "ssl_cert_reqs",
    "ssl_certfile",
    "ssl_check_hostname",
    "ssl_keyfile",
)
_POSTGRES = ("postgres", "postgresql")
_POSTGRES_EXTRAS = (
    "channel_binding",
    "connect_timeout",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "options",
    "sslcert",
    "sslcrl",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "target_session_attrs",
    "tcp_user_timeout",
)
"""Keys of a PostgreSQL connection's extra that are libpq's own."""
_ANSWERS = {"connect_timeout": "10", "keepalives_idle": "30", "keepalives_interval": "10"}


class ConnectionUnusableError(Exception):
    """The Airflow connection is missing or does not fit; the sentence holds no secret."""


async def http_access(conn_id: str | None, endpoint: str) -> HttpAccess:
    """Authentication, headers and TLS of an Airflow HTTP connection; none without one.

    Login and password become basic authentication, the extra's keys become headers (as in the http
    provider) except ``verify`` (false, or a file of authorities) and ``cert`` (a client
    certificate's file, or a pair of certificate and key).

    Raises:
        ConnectionUnusableError: unknown, or made for another host: its secrets go nowhere else.
    """
    if conn_id is None:
        return HttpAccess()
    found = await connection(conn_id, "http")
    _same_host(conn_id, found.host, endpoint)
    return await http_access_of(found)


async def http_access_of(found: Any) -> HttpAccess:
    """The same for an HTTP connection that was looked up already."""
    extra = await extra_of(found)
    headers = {key: str(value) for key, value in extra.items() if key not in _NOT_HEADERS}
    if isinstance(extra.get("headers"), dict):
        headers |= {key: str(value) for key, value in extra["headers"].items()}
    auth = Login(found.login, found.password or "") if found.login else None
    return HttpAccess(headers=headers, auth=auth, tls=_tls(found.conn_id, extra))


async def redis_url(conn_id: str) -> str:
    """An Airflow Redis connection as a URL with its password.

    Raises:
        ConnectionUnusableError: unknown, or a cluster.
    """
    found = await connection(conn_id, "redis")
    extra = await extra_of(found)
    if extra.get("cluster"):
        raise ConnectionUnusableError(
            f'expected one Redis server behind the Airflow connection "{conn_id}", got a cluster'
        )
    scheme = "rediss" if extra.get("ssl") else "redis"
    secret = f":{quote(found.password, safe='')}" if found.password else ""
    login = quote(found.login or "", safe="")
    at = f"{login}{secret}@" if login or secret else ""
    database = extra.get("db", found.schema) or 0
    options = {key: extra[key] for key in _REDIS_EXTRAS if key in extra} if extra.get("ssl") else {}
    query = f"?{urlencode(options)}" if options else ""
    host = found.host or "localhost"
    return f"{scheme}://{at}{host}:{found.port or 6379}/{database}{query}"


async def postgres_conninfo(conn_id: str) -> str:
    """An Airflow PostgreSQL connection as libpq's text with its password.

    A server that does not answer fails the connection in bounded time, unless the connection's
    extra says otherwise.

    Raises:
        ConnectionUnusableError: unknown, or of another kind.
    """
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415 - no DAG file needs it

    found = await connection(conn_id, "postgres")
    if found.conn_type not in _POSTGRES:
        raise ConnectionUnusableError(
            f'expected the Airflow connection "{conn_id}" to be of type postgres, got'
            f" {found.conn_type}"
        )
    extra = await extra_of(found)
    options = {key: str(extra[key]) for key in _POSTGRES_EXTRAS if key in extra}
    return make_conninfo(
        host=found.host or "localhost",
        port=found.port or 5432,
        dbname=found.schema or None,
        user=found.login or None,
        password=found.password or None,
        **(_ANSWERS | options),
    )


async def extra_of(found: Any) -> dict[str, Any]:
    """The extra of a connection as keys and values; empty where it is no JSON object.

    Before 3.3.2 Airflow's own decoding could not be awaited: inside a trigger or a task's event
    loop it waits for itself. There it is decoded here; nothing of ours ever logs an extra.
    """
    if hasattr(found, "aextra_dejson"):
        extra = await found.aextra_dejson()
    else:
        try:
            extra = json.loads(found.extra or "{}")
        except ValueError:
            extra = {}
    return extra if isinstance(extra, dict) else {}


async def connection(conn_id: str, kind: str) -> Any:
    """The Airflow connection.

    Raises:
        ConnectionUnusableError: unknown.
    """
    try:
        # In a task, whoever is cancelled while Airflow answers would leave the answer to whoever
        # asks next.
        return await asyncio.shield(BaseHook.aget_connection(conn_id))
    except AirflowException as error:
        raise ConnectionUnusableError(
            f'expected an Airflow connection "{conn_id}" of type {kind}, got none; create it under'
            " Admin, Connections; nothing was sent"
        ) from error


def _same_host(conn_id: str, host: str | None, endpoint: str) -> None:
    if not host:
        return
    own = urlsplit(host if "://" in host else f"//{host}").hostname
    asked = urlsplit(endpoint).hostname
    if own != asked:
        raise ConnectionUnusableError(
            f'expected the Airflow connection "{conn_id}" for the host {asked}, got one for {own};'
            " nothing was sent"
        )


def _tls(conn_id: str, extra: Mapping[str, Any]) -> ssl.SSLContext | bool:
    verify = extra.get("verify", extra.get("verify_ssl", True))
    cert = extra.get("cert")
    if cert is None and isinstance(verify, bool):
        return verify
    pair = tuple(cert) if isinstance(cert, list) else (cert,) if cert else ()
    try:
        return _context(verify if isinstance(verify, str) else None, pair, verify is not False)
    except OSError as error:
        raise ConnectionUnusableError(
            f'expected readable certificate files in the Airflow connection "{conn_id}", got:'
            f" {error.strerror or type(error).__name__}; nothing was sent"
        ) from error


@cache
def _context(ca_file: str | None, cert: tuple[str, ...], verify: bool) -> ssl.SSLContext:  # noqa: FBT001
    context = ssl.create_default_context(cafile=ca_file)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if cert:
        context.load_cert_chain(*cert)
    return context
