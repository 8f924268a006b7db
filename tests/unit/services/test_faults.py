"""Why no answer came, in sentences (R36)."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from system_daemon.services.faults import sentence

KEY = ConnectionKey("CANARY", 443, True, True, None, None, None)


def verification(code: int) -> aiohttp.ClientConnectorCertificateError:
    cause = ssl.SSLCertVerificationError(1, "CANARY")
    cause.verify_code = code
    cause.verify_message = "unsupported certificate purpose"
    return aiohttp.ClientConnectorCertificateError(KEY, cause)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            OSError(errno.ECONNREFUSED, "CANARY"),
            "h:443 refused the connection; is the service runn",
        ),
        (OSError(errno.ENETUNREACH, "CANARY"), "h:443 cannot be reached: no route to its network"),
        (OSError(errno.ETIMEDOUT, "CANARY"), "is a firewall in between?"),
        (OSError(errno.ENOBUFS, "CANARY"), "h:443 could not be called: No buffer space available"),
        (OSError("CANARY"), "h:443 could not be connected to"),
        (ConnectionAbortedError("CANARY"), "h:443 did not finish the TLS handshake"),
        (socket.gaierror(socket.EAI_NONAME, "CANARY"), "the name h does not resolve"),
        (socket.gaierror(socket.EAI_AGAIN, "CANARY"), "the name h could not be looked up just now"),
    ],
)
def test_r36_what_the_operating_system_says(error: OSError, expected: str) -> None:
    wrapper = aiohttp.ClientConnectorError
    if isinstance(error, socket.gaierror):
        wrapper = aiohttp.ClientConnectorDNSError
    said = sentence(wrapper(KEY, error), "h:443")
    assert expected in said
    assert "CANARY" not in said


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (verification(9), "is not valid yet"),
        (verification(10), "has expired"),
        (verification(62), "was issued for another host name"),
        (verification(26), "is not valid (unsupported certificate purpose)"),
        (aiohttp.ClientConnectorSSLError(KEY, ssl.SSLError(1, "CANARY")), "TLS with h:443 failed"),
        (aiohttp.ServerDisconnectedError("CANARY"), "closed the connection without an answer"),
        (aiohttp.ClientPayloadError("CANARY"), "broke off before its end"),
        (aiohttp.InvalidURL("CANARY"), "not a complete http or https URL"),
        (UnicodeError("CANARY"), "not a complete http or https URL"),
        (aiohttp.ClientConnectionError("CANARY"), "the connection to h:443 was lost"),
        (asyncio.IncompleteReadError(b"CANARY", 9), "unexpected IncompleteReadError while calling"),
        (ValueError("CANARY"), "unexpected ValueError while calling h:443"),
    ],
)
def test_r36_every_failure_has_a_sentence_that_quotes_nothing(
    error: Exception, expected: str
) -> None:
    said = sentence(error, "h:443")
    assert expected in said
    assert "CANARY" not in said
