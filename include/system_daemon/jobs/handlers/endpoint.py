"""Jobs as POSTs to an endpoint, whose answers mean what a service's answers mean (R26-R30).

The body is ``{"id","class","args","queue","attempt"}``. ``Idempotency-Key`` is the job's id, the
same at every attempt; ``System-Daemon-Deadline`` says after how many seconds nobody waits for the
answer any more.
"""

from __future__ import annotations

import json
import time
from json.encoder import encode_basestring_ascii as quoted
from typing import NoReturn

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from system_daemon.configuration.background_jobs import Route
from system_daemon.jobs.discretion import discreet
from system_daemon.jobs.handlers import idempotency
from system_daemon.jobs.handlers.access import Connections, NoAccessError
from system_daemon.jobs.handlers.http_session import read_at_most
from system_daemon.jobs.handlers.retry_after import pause
from system_daemon.jobs.payload import Job
from system_daemon.jobs.verdict import DONE, Failed, Verdict, Wait
from system_daemon.outcome import Outcome
from system_daemon.services import faults
from system_daemon.services.answer import BODY_LIMIT, judge, refused_unread, too_large
from system_daemon.services.outgoing import NotSendableError, checked_url, headers
from system_daemon.services.request import Request
from system_daemon.services.resolver import BadOverrideError

_STRANGERS = frozenset({401, 403})
"""What an endpoint says when it does not know us, or not any more."""
_READ_AGAIN_S = 5.0
"""After a failure credentials older than this are read again: less than the shortest break, so that
whoever probes after it has what stands in the connection now."""
_DOWN = frozenset({502, 503, 504})
"""What a proxy says when the service behind it is down."""
_encode_args = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


_read_json = json.JSONDecoder(parse_constant=_refuse).decode


class Endpoint:
    """One ``endpoint`` route of one shift."""

    def __init__(
        self,
        route: Route,
        session: aiohttp.ClientSession,
        connections: Connections,
        *,
        allowed_hosts: frozenset[str] | None = None,
        any_content_type: bool = False,
    ) -> None:
        self._route = route
        self._session = session
        self._connections = connections
        self._allowed_hosts = allowed_hosts
        self._any_content_type = any_content_type
        self._timeout = aiohttp.ClientTimeout(total=route.timeout, ceil_threshold=float("inf"))
        self._target = "the endpoint"
        self._request: tuple[URL, CIMultiDict[str], Request] | None = None
        self._read_at = 0.0
        self._doubted = False

    async def __call__(self, job: Job) -> Verdict:
        """One attempt."""
        if self._doubted and time.monotonic() - self._read_at >= _READ_AGAIN_S:
            self._request = None
        verdict = await self._attempt(job)
        self._doubted = isinstance(verdict, Failed)
        return verdict

    async def _attempt(self, job: Job) -> Verdict:
        try:
            url, before_body, request = self._request or await self._prepare()
            body = _body(job)
            own = before_body.copy()
            own[idempotency.HEADER] = idempotency.key(job.id)
            response = await self._session.post(
                url,
                allow_redirects=False,
                data=body,
                headers=own,
                ssl=request.tls,
                timeout=self._timeout,
            )
            try:
                return await self._judged(response, job)
            finally:
                response.release()
        except TimeoutError as error:
            if isinstance(error, aiohttp.ConnectionTimeoutError):
                return _failed(
                    error, f"{self._target} could not be connected to in time", down=True
                )
            within = f"within {self._route.timeout:g} s"
            return Failed(
                exception="Timeout",
                reason=f"{self._target} gave no whole answer {within}; it may still be working",
            )
        except (NotSendableError, BadOverrideError, NoAccessError) as error:
            return _failed(error, str(error), down=not isinstance(error, _NotJsonError))
        except Exception as error:  # an attempt ends in a verdict, whatever breaks
            down = isinstance(error, aiohttp.ClientConnectionError | OSError)
            return _failed(error, faults.sentence(error, self._target), down=down)

    async def _prepare(self) -> tuple[URL, CIMultiDict[str], Request]:
        endpoint = self._route.endpoint or ""
        access = await self._connections.http(self._route.connection, endpoint)
        request = Request(
            service=self._route.job_class,
            url=endpoint,
            parameters={},
            timeout=self._route.timeout,
            headers=access.headers,
            auth=access.auth,
            tls=access.tls,
            allowed_hosts=self._allowed_hosts,
        )
        url = checked_url(request)
        self._target = f"{url.host_subcomponent}:{url.port}"
        every = headers(request, url)
        every["System-Daemon-Deadline"] = f"{self._route.timeout:g}"
        self._request = url.with_user(None), every, request
        self._read_at = time.monotonic()
        return self._request

    async def _judged(self, response: aiohttp.ClientResponse, job: Job) -> Verdict:
        status, came = response.status, response.headers
        if status in _STRANGERS:
            self._request = None
        if (seconds := pause(status, came)) is not None:
            reason = f"{self._target} answered HTTP {status} and asks for a pause"
            return Wait(seconds=seconds, reason=reason)
        if (answer := refused_unread(status, came)) is None:
            body = await self._read(response)
            content_type = came.get("Content-Type", "")
            if body is None:
                answer = too_large(status)
            elif status == 200 and _plainly_done(body, content_type):
                return DONE
            else:
                answer = judge(status, content_type, body, any_content_type=self._any_content_type)
        if answer.outcome in (Outcome.SUCCESS, Outcome.IDLE):
            return DONE
        return Failed(
            exception="ServiceError",
            reason=f"{self._target}: {discreet(answer.message or 'error', job)}",
            down=status in _DOWN,
        )

    async def _read(self, response: aiohttp.ClientResponse) -> bytes | None:
        if response.content_length is not None:  # refused above when it is too much
            return await response.read()
        return await read_at_most(response, BODY_LIMIT)


class _NotJsonError(NotSendableError):
    """The arguments hold something that JSON has no word for."""


def _body(job: Job) -> bytes:
    try:
        args = _encode_args(job.args)
    except (TypeError, ValueError, RecursionError):
        raise _NotJsonError("the args cannot be written as JSON; nothing was sent") from None
    return (
        f'{{"id":{quoted(job.id)},"class":{quoted(job.job_class)},"args":{args},'
        f'"queue":{quoted(job.queue)},"attempt":{job.attempt}}}'
    ).encode()


def _plainly_done(body: bytes, content_type: str) -> bool:
    """Whether the answer says success or idle in the contract's own words, as nearly all do.

    ``judge`` says the same of such an answer, but also gathers what was said, for a log.
    """
    if content_type not in ("application/json", "application/json; charset=utf-8"):
        return False
    try:
        content = _read_json(body.decode())
    except (ValueError, RecursionError):
        return False
    return isinstance(content, dict) and content.get("code") in ("success", "idle")


def _failed(error: Exception, reason: str, *, down: bool) -> Failed:
    return Failed(exception=type(error).__name__, reason=reason, down=down)
