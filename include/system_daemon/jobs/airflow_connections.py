"""Airflow's connections as the handlers of jobs need them."""

from __future__ import annotations

import ssl
from typing import Any

from system_daemon.access import HttpAccess, Login
from system_daemon.connections import (
    ConnectionUnusableError,
    connection,
    extra_of,
    http_access,
    http_access_of,
    postgres_conninfo,
)
from system_daemon.jobs.handlers.access import Gateway, MailServer, NoAccessError


class AirflowConnections:
    """Looks connections up in Airflow; every method raises NoAccessError where one does not fit."""

    async def http(self, conn_id: str | None, endpoint: str) -> HttpAccess:
        """Authentication, headers and TLS for an endpoint; none without a connection."""
        try:
            return await http_access(conn_id, endpoint)
        except ConnectionUnusableError as error:
            raise NoAccessError(str(error)) from error

    async def gateway(self, conn_id: str) -> Gateway:
        """An HTTP connection as a URL: ``schema://host:port``, or a host that is a URL itself."""
        try:
            found = await connection(conn_id, "http")
            access = await http_access_of(found)
        except ConnectionUnusableError as error:
            raise NoAccessError(str(error)) from error
        return Gateway(
            url=_url(conn_id, found), headers=access.headers, auth=access.auth, tls=access.tls
        )

    async def mail_server(self, conn_id: str) -> MailServer:
        """An SMTP connection, read as Airflow's own SMTP hook reads it."""
        try:
            found = await connection(conn_id, "smtp")
        except ConnectionUnusableError as error:
            raise NoAccessError(str(error)) from error
        extra = await extra_of(found)
        if not found.host:
            raise NoAccessError(f'expected a host in the connection "{conn_id}", got none')
        if extra.get("disable_ssl"):
            encryption = "none" if extra.get("disable_tls") else "starttls"
        else:
            encryption = "tls"
        sender = extra.get("from_email") or found.login
        if not sender:
            raise NoAccessError(
                f'expected from_email in the extra of the connection "{conn_id}", got none'
            )
        return MailServer(
            host=found.host,
            port=found.port or (465 if encryption == "tls" else 25),
            sender=str(sender),
            login=Login(found.login, found.password or "") if found.login else None,
            encryption=encryption,
            tls=_mail_tls(extra),
            timeout=float(extra.get("timeout", 30)),
        )

    async def postgres(self, conn_id: str) -> str:
        """A PostgreSQL connection as libpq's text."""
        try:
            return await postgres_conninfo(conn_id)
        except ConnectionUnusableError as error:
            raise NoAccessError(str(error)) from error


def _url(conn_id: str, found: Any) -> str:
    if not found.host:
        raise NoAccessError(f'expected a host in the connection "{conn_id}", got none')
    base = found.host if "://" in found.host else f"{found.schema or 'http'}://{found.host}"
    scheme, _, rest = base.partition("://")
    host, slash, path = rest.partition("/")
    port = f":{found.port}" if found.port and ":" not in host else ""
    return f"{scheme}://{host}{port}{slash}{path}"


def _mail_tls(extra: dict[str, Any]) -> ssl.SSLContext | None:
    if extra.get("ssl_context") == "none":
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    return None
