"""Small JSON requests to the servers on this machine, never through a proxy."""

from __future__ import annotations

import json
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

# A proxy from the caller's environment does not know our loopback address.
_OPENER = build_opener(ProxyHandler({}))


class HttpError(Exception):
    """No answer, or none that is JSON with a status below 400; `status` is None without one."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


def get_json(url: str, *, token: str | None = None, timeout: float = 10) -> Any:
    """The JSON at `url`. Raises HttpError."""
    return _send("GET", url, None, token, timeout)


def post_json(url: str, body: object, *, token: str | None = None, timeout: float = 10) -> Any:
    """The JSON that answers a POST of `body`. Raises HttpError."""
    return _send("POST", url, body, token, timeout)


def put_json(url: str, body: object, *, timeout: float = 10) -> Any:
    """The JSON that answers a PUT of `body`. Raises HttpError."""
    return _send("PUT", url, body, None, timeout)


def delete(url: str, *, timeout: float = 10) -> Any:
    """The JSON that answers a DELETE. Raises HttpError."""
    return _send("DELETE", url, None, None, timeout)


def _send(method: str, url: str, body: object, token: str | None, timeout: float) -> Any:
    request = Request(url, method=method)  # noqa: S310 - our own http:// addresses
    request.add_header("Accept", "application/json")
    if token is not None:
        request.add_header("Authorization", f"Bearer {token}")
    if body is not None:
        request.add_header("Content-Type", "application/json")
        request.data = json.dumps(body).encode()
    try:
        with _OPENER.open(request, timeout=timeout) as response:
            return json.load(response)
    except HTTPError as error:
        with error:
            raise HttpError(f"{method} {url} answered {error.code}", status=error.code) from error
    except (OSError, HTTPException, ValueError) as error:
        raise HttpError(f"{method} {url} failed: {error}") from error
