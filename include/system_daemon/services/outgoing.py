"""A request as it goes over the wire: URL, headers and body (R26, R34, R35)."""

from __future__ import annotations

import base64
import json

from multidict import CIMultiDict
from yarl import URL

from system_daemon import __version__
from system_daemon.services.request import Request


class NotSendableError(Exception):
    """The request cannot be sent as it is; the sentence says why and quotes no value."""


def checked_url(request: Request) -> URL:
    """The endpoint, when it is complete and allowed (R34).

    Raises:
        NotSendableError: It is not.
    """
    try:
        url = URL(request.url)
        usable = url.scheme in {"http", "https"} and bool(url.host) and url.port is not None
    except ValueError:
        usable = False
    if not usable:
        raise NotSendableError("the endpoint is not a complete http or https URL")
    host = (url.host or "").rstrip(".").lower()
    allowed = request.allowed_hosts
    if allowed is not None and host not in {name.lower() for name in allowed}:
        raise NotSendableError(f"the host {host} is not among the allowed hosts; nothing was sent")
    return url


def headers(request: Request, url: URL) -> CIMultiDict[str]:
    """What goes before the body; what the contract fixes wins over the connection's headers.

    Of several credentials the request's own count first, then an Authorization header, then those
    in the URL.
    """
    every = CIMultiDict({"User-Agent": f"system-daemon/{__version__}"})
    every.update(request.headers)
    every.update(
        {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
        }
    )
    if request.auth is not None:
        every["Authorization"] = _basic(request.auth.login, request.auth.password)
    elif "Authorization" not in every and (url.user or url.password):
        every["Authorization"] = _basic(url.user or "", url.password or "")
    return every


def _basic(login: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{login}:{password}'.encode()).decode()}"


def body(request: Request) -> bytes:
    """The parameters as UTF-8 JSON, without an envelope and in their order (R35).

    Raises:
        NotSendableError: They hold something JSON has no word for.
    """
    try:
        return json.dumps(
            request.parameters, allow_nan=False, ensure_ascii=False, separators=(",", ":")
        ).encode()
    except (TypeError, ValueError, RecursionError):
        raise NotSendableError(
            "the parameters cannot be written as JSON; nothing was sent"
        ) from None
