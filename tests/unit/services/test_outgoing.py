"""What goes over the wire (R26, R34, R35)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest

from system_daemon import __version__
from system_daemon.access import Login
from system_daemon.services.outgoing import NotSendableError, body, checked_url, headers
from system_daemon.services.request import Request


def request(
    url: str = "https://service.example/run",
    parameters: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
    auth: Login | None = None,
    allowed_hosts: frozenset[str] | None = None,
) -> Request:
    return Request(
        service="s",
        url=url,
        parameters=parameters or {},
        timeout=5,
        headers=headers or {},
        auth=auth,
        allowed_hosts=allowed_hosts,
    )


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("{}", b"{}"),
        ('{"z": 1, "a": {"y": [1.0, null], "b": {}}}', b'{"z":1,"a":{"y":[1.0,null],"b":{}}}'),
        (r'{"n": "Jos\u00e9", "k": "/"}', '{"n":"José","k":"/"}'.encode()),
        ('{"big": 123456789012345678901234567890}', b'{"big":123456789012345678901234567890}'),
    ],
)
def test_r35_the_body_is_the_object_itself_in_its_order(text: str, sent: bytes) -> None:
    assert body(request(parameters=json.loads(text))) == sent


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), "\ud800"])
def test_r35_what_json_cannot_say_is_not_sent(value: object) -> None:
    with pytest.raises(NotSendableError, match="nothing was sent"):
        body(request(parameters={"CANARY": value}))


@pytest.mark.parametrize(
    "url",
    ["", "service.example/run", "ftp://service.example/", "http://", "https://:80/", "http://["],
)
def test_r34_only_complete_http_urls_are_called(url: str) -> None:
    with pytest.raises(NotSendableError, match="not a complete http or https URL"):
        checked_url(request(url=url))


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://service.example/", True),
        ("https://SERVICE.example.:8443/", True),
        ("https://u:p@service.example/", True),
        ("https://other.example/", False),
        ("https://service.example@other.example/", False),
        ("https://service.example.other.example/", False),
        ("http://169.254.169.254/", False),
        ("http://[::1]/", False),
    ],
)
def test_r34_the_allow_list_decides_by_the_host(url: str, allowed: bool) -> None:
    asked = request(url=url, allowed_hosts=frozenset({"Service.example"}))
    if allowed:
        checked_url(asked)
    else:
        with pytest.raises(NotSendableError, match="not among the allowed hosts"):
            checked_url(asked)


def test_r26_what_the_contract_fixes_wins_over_a_connections_headers() -> None:
    asked = request(
        headers={"content-type": "text/xml", "accept-encoding": "gzip", "X-Api-Key": "k"}
    )
    assert dict(headers(asked, checked_url(asked))) == {
        "User-Agent": f"system-daemon/{__version__}",
        "X-Api-Key": "k",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "Content-Type": "application/json",
    }


def test_r34_credentials_have_an_order() -> None:
    def sent(**kwargs: Any) -> str:
        asked = request(url="https://us%C3%A9r:p%40ss@service.example/", **kwargs)
        return headers(asked, checked_url(asked))["Authorization"]

    def basic(text: str) -> str:
        return "Basic " + base64.b64encode(text.encode()).decode()

    assert sent() == basic("usér:p@ss")
    assert sent(headers={"authorization": "Bearer t"}) == "Bearer t"
    assert sent(headers={"authorization": "Bearer t"}, auth=Login("a", "b")) == basic("a:b")
