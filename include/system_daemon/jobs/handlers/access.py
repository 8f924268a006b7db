"""What handlers need of Airflow's connections, without Airflow."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from system_daemon.access import HttpAccess, Login


class NoAccessError(Exception):
    """A connection is missing or does not fit; the sentence holds no secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """An HTTP connection that names its own URL."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    auth: Login | None = field(default=None, repr=False)
    tls: ssl.SSLContext | bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """An SMTP connection."""

    host: str
    port: int
    sender: str
    """The address in From."""
    login: Login | None = field(default=None, repr=False)
    encryption: str = "starttls"
    """``tls`` from the first byte, ``starttls``, or ``none``."""
    tls: ssl.SSLContext | None = None
    """How the server's certificate is verified; None: as usual."""
    timeout: float = 30.0
    """Seconds for each step with the server."""


class Connections(Protocol):
    """Airflow's connections; each method raises NoAccessError where one does not fit."""

    async def http(self, conn_id: str | None, endpoint: str) -> HttpAccess:
        """Authentication, headers and TLS for an endpoint; none without a connection."""

    async def gateway(self, conn_id: str) -> Gateway:
        """An HTTP connection as a URL with what it takes to call it."""

    async def mail_server(self, conn_id: str) -> MailServer:
        """An SMTP connection."""

    async def postgres(self, conn_id: str) -> str:
        """A PostgreSQL connection as libpq's text."""
