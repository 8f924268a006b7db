"""One POST to an external service, as an outcome.

What may be relied on (R26-R30, R34-R36): the request is sent at most once and no redirect is
followed; the whole call, from the name look-up to the last byte, ends within the timeout; at most
1 MiB of the answer is read; whatever happens comes back as a result and a log line, never as an
exception, except cancellation, which closes the connection.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from types import SimpleNamespace

import aiohttp
from yarl import URL

from system_daemon.outcome import Outcome
from system_daemon.services import faults
from system_daemon.services.answer import BODY_LIMIT, Answer, judge, refused_unread, too_large
from system_daemon.services.log_lines import Log, clean, log_outcome, log_said
from system_daemon.services.outgoing import NotSendableError, body, checked_url, headers
from system_daemon.services.request import Request
from system_daemon.services.resolver import BadOverrideError, Resolver, overrides
from system_daemon.services.result import Result

_CHUNK = 64 * 1024
_warned: set[tuple[str, str]] = set()
"""Which service was already warned of which deviation in this process."""


@dataclass(slots=True)
class _Progress:
    """How far a call came, for the sentence on its timeout."""

    sent: bool = False
    status: int | None = None


async def call(request: Request, log: Log, *, deadline: float | None = None) -> Result:
    """Send the request once and say how it ended.

    Args:
        request: What to send.
        log: Receives what the service said, then one line with the outcome.
        deadline: The event loop's time at which the call ends at the latest; by default
            ``request.timeout`` seconds from now.
    """
    started = time.monotonic()
    progress = _Progress()
    answer = await _answer(request, progress, deadline)
    result = Result(
        outcome=answer.outcome,
        message=answer.message,
        details=answer.details,
        http_status=progress.status,
        duration_ms=round((time.monotonic() - started) * 1000),
    )
    for note in answer.notes:
        if (request.service, note) not in _warned:
            _warned.add((request.service, note))
            log.warning("%s: %s (said once)", clean(request.service), note)
    log_said(log, request.service, result.outcome, answer.said, "said")
    log_said(log, request.service, result.outcome, answer.details, "detail")
    log_outcome(log, request.service, result)
    return result


async def _answer(request: Request, progress: _Progress, deadline: float | None) -> Answer:
    target = "the endpoint"
    limit = asyncio.timeout_at(
        asyncio.get_running_loop().time() + request.timeout if deadline is None else deadline
    )
    try:
        url = checked_url(request)
        target = f"{url.host_subcomponent}:{url.port}"
        async with limit:
            return await _exchange(request, url, progress)
    except TimeoutError as error:
        if limit.expired():
            message = _too_late(request, progress, target)
            return Answer(outcome=Outcome.TIMEOUT, message=clean(message))
        message = faults.sentence(error, target)
    except (NotSendableError, BadOverrideError) as error:
        message = str(error)
    except Exception as error:  # a call ends in an outcome, whatever breaks
        message = faults.sentence(error, target)
    return Answer(outcome=Outcome.ERROR, message=clean(message))


def _too_late(request: Request, progress: _Progress, target: str) -> str:
    within = f"within {request.timeout:g} s"
    if progress.status is not None:
        return f"{target} began to answer but did not finish {within}"
    if progress.sent:
        return f"{target} did not answer {within}; the service may still be working"
    return f"{target} could not be connected to {within}; nothing was sent"


async def _exchange(request: Request, url: URL, progress: _Progress) -> Answer:
    connector = aiohttp.TCPConnector(
        force_close=True,
        limit=0,
        resolver=Resolver(overrides()),
        ssl=request.tls,
        use_dns_cache=False,
    )
    async with aiohttp.ClientSession(
        auto_decompress=False,
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        trace_configs=[_watch(progress)],
        trust_env=False,
    ) as session:
        response = await session.post(
            url.with_user(None),
            allow_redirects=False,
            data=body(request),
            headers=headers(request, url),
        )
        try:
            progress.status = response.status
            return await _read(response, request)
        finally:
            response.close()


async def _read(response: aiohttp.ClientResponse, request: Request) -> Answer:
    refused = refused_unread(response.status, response.headers)
    if refused:
        return refused
    received = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        received += chunk
        if len(received) > BODY_LIMIT:
            return too_large(response.status)
    return judge(
        response.status,
        response.headers.get("Content-Type", ""),
        bytes(received),
        any_content_type=request.any_content_type,
    )


def _watch(progress: _Progress) -> aiohttp.TraceConfig:
    trace = aiohttp.TraceConfig()

    async def sent(
        _session: aiohttp.ClientSession,
        _context: SimpleNamespace,
        _params: aiohttp.TraceRequestHeadersSentParams,
    ) -> None:
        progress.sent = True

    trace.on_request_headers_sent.append(sent)
    return trace
