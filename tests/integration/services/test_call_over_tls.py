"""The server's certificate is verified, and what is wrong with it is said (R36)."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime

import pytest
import trustme

from system_daemon.outcome import Outcome
from system_daemon.services import call as call_module
from system_daemon.services.call import call
from system_daemon.services.request import Request
from tests.integration.services.fault_server import FaultServer

AUTHORITY = trustme.CA()
Serve = Callable[[trustme.LeafCert], AbstractAsyncContextManager[FaultServer]]


def request(server: FaultServer, tls: ssl.SSLContext | bool = True, timeout: float = 5) -> Request:
    url = f"https://service.invalid:{server.port}/run"
    return Request(service="s", url=url, parameters={}, timeout=timeout, tls=tls)


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Serve:
    @asynccontextmanager
    async def serving(certificate: trustme.LeafCert) -> AsyncIterator[FaultServer]:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        certificate.configure_cert(context)
        server = FaultServer(tls=context)
        await server.start()
        override = {("service.invalid", server.port): ("127.0.0.1", server.port)}
        monkeypatch.setattr(call_module, "overrides", lambda: override)
        yield server
        await server.stop()

    return serving


async def test_r36_a_trusted_certificate_for_the_name_is_accepted(
    serve: Serve, log: logging.Logger
) -> None:
    async with serve(AUTHORITY.issue_cert("service.invalid")) as server:
        result = await call(request(server, trusting()), log)
    assert result.outcome is Outcome.SUCCESS


@pytest.mark.parametrize(
    ("certificate", "trusted", "sentence"),
    [
        pytest.param(
            AUTHORITY.issue_cert("other.invalid"),
            True,
            "was issued for another host name",
            id="wrong host",
        ),
        pytest.param(
            AUTHORITY.issue_cert("service.invalid", not_after=datetime(2020, 1, 1, tzinfo=UTC)),
            True,
            "has expired",
            id="expired",
        ),
        pytest.param(
            AUTHORITY.issue_cert("service.invalid"),
            False,
            "not trusted here",
            id="unknown authority",
        ),
        pytest.param(
            trustme.CA().issue_cert("service.invalid"),
            True,
            "not trusted here",
            id="other authority",
        ),
    ],
)
async def test_r36_a_wrong_certificate_is_an_error_and_nothing_is_sent(
    certificate: trustme.LeafCert,
    trusted: bool,
    sentence: str,
    serve: Serve,
    log: logging.Logger,
) -> None:
    async with serve(certificate) as server:
        result = await call(request(server, trusting() if trusted else True), log)
        assert server.received == []
    assert result.outcome is Outcome.ERROR
    assert f"the TLS certificate of service.invalid:{server.port}" in result.message
    assert sentence in result.message


async def test_r36_a_self_signed_certificate_is_an_error(
    serve: Serve, log: logging.Logger, self_signed: trustme.LeafCert
) -> None:
    async with serve(self_signed) as server:
        result = await call(request(server), log)
        assert server.received == []
    assert result.outcome is Outcome.ERROR
    assert "is self-signed and not trusted here" in result.message


async def test_a_connection_may_switch_verification_off(
    serve: Serve, log: logging.Logger, self_signed: trustme.LeafCert
) -> None:
    async with serve(self_signed) as server:
        result = await call(request(server, tls=False), log)
    assert result.outcome is Outcome.SUCCESS


async def test_r36_a_port_that_speaks_plain_http_is_an_error(log: logging.Logger) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        writer.close()
        await writer.wait_closed()
        answered.set()

    answered = asyncio.Event()
    listener = await asyncio.start_server(plain, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    url = f"https://127.0.0.1:{port}/"
    result = await call(Request(service="s", url=url, parameters={}, timeout=5), log)
    await answered.wait()
    listener.close()
    assert result.outcome is Outcome.ERROR
    assert f"TLS with 127.0.0.1:{port} failed" in result.message
    assert "does this port speak plain HTTP?" in result.message


async def test_r36_a_handshake_that_never_ends_times_out(log: logging.Logger) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.transport.abort()
        hung_up.set()

    hung_up = asyncio.Event()
    listener = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    url = f"https://127.0.0.1:{port}/"
    result = await call(Request(service="s", url=url, parameters={}, timeout=0.3), log)
    await hung_up.wait()
    listener.close()
    assert result.outcome is Outcome.TIMEOUT
    assert "nothing was sent" in result.message


async def test_the_systems_authorities_are_not_loaded_per_call(
    serve: Serve, log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[object] = []
    monkeypatch.setattr(
        ssl.SSLContext, "load_default_certs", lambda *args: loaded.append(args), raising=True
    )
    async with serve(AUTHORITY.issue_cert("service.invalid")) as server:
        loaded.clear()
        for _ in range(5):
            await call(request(server), log)
    assert loaded == []
