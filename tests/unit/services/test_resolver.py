"""Overrides of name look-ups."""

from __future__ import annotations

import asyncio
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from system_daemon.services.resolver import BadOverrideError, Resolver, read_overrides


def test_overrides_are_read_as_curl_writes_them() -> None:
    assert read_overrides("A.example:80=127.0.0.1:8080, b:443=[::1]:8443,,c:1=d.example:2") == {
        ("a.example", 80): ("127.0.0.1", 8080),
        ("b", 443): ("::1", 8443),
        ("c", 1): ("d.example", 2),
    }
    assert read_overrides("") == {}


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "a:80",
        "a:80=b",
        "a:80=b:0",
        "a:99999=b:1",
        "127.0.0.1:80=b:1",
        "a:80=::1:80",
        "a:80==b:1",
    ],
)
def test_a_malformed_override_is_refused_with_what_was_expected(text: str) -> None:
    with pytest.raises(BadOverrideError, match="SYSTEM_DAEMON_RESOLVE: expected"):
        read_overrides(text)


async def test_an_override_changes_address_and_port_for_its_port_only() -> None:
    resolver = Resolver({("a.invalid", 80): ("127.0.0.1", 8080)})
    found = await resolver.resolve("A.invalid.", 80)
    assert [(one["host"], one["port"]) for one in found] == [("127.0.0.1", 8080)]
    with pytest.raises(socket.gaierror):
        await resolver.resolve("a.invalid", 81)


async def test_look_ups_do_not_wait_behind_the_loops_other_blocking_work() -> None:
    release = threading.Event()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(max_workers=1))
    blocked = loop.run_in_executor(None, release.wait)
    try:
        async with asyncio.timeout(5):
            assert await Resolver({}).resolve("localhost", 80)
    finally:
        release.set()
        await blocked
