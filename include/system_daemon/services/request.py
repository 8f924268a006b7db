"""What is sent to an external service."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

from system_daemon.access import Login


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One POST, complete: nothing else is read from anywhere to send it (R26)."""

    service: str
    """The service's configured name, for log lines."""
    url: str
    """The complete URL (R34). Credentials in it are sent as basic authentication, never shown."""
    parameters: Mapping[str, object]
    """The JSON object that is the body, without an envelope, its order kept (R35)."""
    timeout: float
    """Seconds of wall clock for the whole call, from the first byte of DNS to the last (R36)."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers, for example from an Airflow connection."""
    auth: Login | None = None
    """Basic authentication; wins over credentials in the URL."""
    tls: ssl.SSLContext | bool = True
    """How the server's certificate is verified; False: not at all."""
    any_content_type: bool = False
    """Whether an answer that is JSON under another Content-Type counts (R27)."""
    allowed_hosts: frozenset[str] | None = None
    """The only hosts that may be called (R34); None: any."""
