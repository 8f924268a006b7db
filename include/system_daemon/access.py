"""How an HTTP service is spoken to: what an Airflow connection means to a client."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Login(NamedTuple):
    """Basic authentication (aiohttp's own class for it is on its way out)."""

    login: str
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAccess:
    """Headers, authentication and TLS of one service."""

    headers: Mapping[str, str] = field(default_factory=dict)
    auth: Login | None = None
    tls: ssl.SSLContext | bool = True
    """How the server's certificate is verified; False: not at all."""
