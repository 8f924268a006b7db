"""Why no answer came: each failure of the network or of TLS as a sentence for 3 a.m.

The sentences name host and port, the cause and, where there is a usual one, the suspicion. They
never quote an exception's own text: that may carry a URL, a header or a value.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl

import aiohttp

_BY_ERRNO = {
    errno.ECONNREFUSED: "refused the connection; is the service running?",
    errno.ECONNRESET: "reset the connection before the answer was complete",
    errno.EPIPE: "closed the connection while the request was being sent",
    errno.ECONNABORTED: "broke the connection off",
    errno.ETIMEDOUT: "did not react to the connection attempt; is a firewall in between?",
    errno.EHOSTUNREACH: "cannot be reached: no route to the host",
    errno.ENETUNREACH: "cannot be reached: no route to its network",
    errno.EMFILE: "was not called: this process has too many open files",
}
# OpenSSL's X509_V_ERR_ numbers; the ssl module has no names for them.
_BY_VERIFY_CODE = {
    9: "is not valid yet; are both clocks right?",
    10: "has expired",
    18: "is self-signed and not trusted here",
    19: "ends in a self-signed authority that is not trusted here",
    20: "was issued by an authority that is not trusted here",
    21: "comes without its chain of authorities",
    23: "was revoked",
    62: "was issued for another host name",
    64: "was issued for another address",
}


def sentence(error: Exception, target: str) -> str:  # noqa: PLR0911 - one clause per cause
    """What happened, for the operator.

    Args:
        error: What the HTTP client raised; anything but its own time limit.
        target: ``host:port`` of the endpoint, without credentials.
    """
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return f"the TLS certificate of {target} {_certificate(error.certificate_error)}"
        case aiohttp.ClientConnectorDNSError():
            return _unresolved(error.os_error, target)
        case ssl.SSLError():
            return f"TLS with {target} failed ({_tls_reason(error)})"
        case aiohttp.ServerDisconnectedError():
            return f"{target} closed the connection without an answer; did the service restart?"
        case aiohttp.ClientPayloadError():
            return f"the answer of {target} broke off before its end"
        case aiohttp.ClientResponseError():
            return f"{target} answered something that is not HTTP"
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError() | UnicodeError():
            return "the endpoint is not a complete http or https URL"
        case OSError():
            return f"{target} {_os_reason(error)}"
        case aiohttp.ClientConnectionError():
            return f"the connection to {target} was lost"
        case _:
            return f"unexpected {type(error).__name__} while calling {target}"


def _certificate(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _BY_VERIFY_CODE.get(error.verify_code, f"is not valid ({error.verify_message})")
    return "is not valid"


def _unresolved(error: OSError, target: str) -> str:
    host = target.rsplit(":", 1)[0]
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
        return f"the name {host} could not be looked up just now; does DNS work on this machine?"
    return f"the name {host} does not resolve; is it spelled right, and does DNS know it?"


def _tls_reason(error: ssl.SSLError) -> str:
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    reason = getattr(cause, "reason", None)
    if reason in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"}:
        return f"{reason}: does this port speak plain HTTP?"
    return str(reason) if isinstance(reason, str) else type(cause).__name__


def _os_reason(error: OSError) -> str:
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if cause.errno in _BY_ERRNO:
        return _BY_ERRNO[cause.errno]
    if isinstance(cause, ConnectionAbortedError):  # asyncio's own limit on a handshake
        return "did not finish the TLS handshake within a minute"
    if cause.errno is None:
        return "could not be connected to"
    return f"could not be called: {os.strerror(cause.errno)}"
