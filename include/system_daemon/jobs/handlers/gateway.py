"""SMS and push through an HTTP gateway: one POST of ``{"id","to","subject","text"}``."""

from __future__ import annotations

import asyncio
import json

import aiohttp
from yarl import URL

from system_daemon.jobs.handlers import idempotency
from system_daemon.jobs.handlers.access import Gateway
from system_daemon.jobs.handlers.delivery import SENT, Delivery, NotSent, Refused, Unsure
from system_daemon.jobs.handlers.message import Message
from system_daemon.jobs.handlers.retry_after import pause
from system_daemon.services import faults
from system_daemon.services.outgoing import NotSendableError, checked_url, headers
from system_daemon.services.request import Request

TIMEOUT_S = 30.0
_NOT_ACCEPTED = frozenset({408, 425, 429, 503})
"""What a gateway answers before it takes anything."""
_OUR_FAULT = frozenset({401, 402, 403, 404, 405, 407, 410})
"""What it answers whatever the message: the connection's address or login is wrong."""


async def send_to_gateway(
    message: Message, gateway: Gateway, http: aiohttp.ClientSession
) -> Delivery:
    """Send the message to its one recipient."""
    request = Request(
        service=message.channel,
        url=gateway.url,
        parameters={},
        timeout=TIMEOUT_S,
        headers=gateway.headers,
        auth=gateway.auth,
        tls=gateway.tls,
    )
    target = f"the {message.channel} gateway"
    try:
        url = checked_url(request)
        target = f"{target} {url.host_subcomponent}:{url.port}"
        response = await _post(message, url, request, http)
    except NotSendableError as error:
        return NotSent(f"{target}: {error}")
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        return NotSent(f"{target}: {faults.sentence(error, target)}")
    except (aiohttp.ClientError, OSError) as error:  # a TimeoutError too
        kind = type(error).__name__
        return Unsure(f"{target} gave no answer ({kind}); it may have sent the message")
    except ValueError as error:  # a header with a line break; aiohttp looks before it connects
        kind = type(error).__name__
        reason = f"{target}: the connection's headers cannot be sent ({kind})"
        return Refused(reason, everyone=True)
    return _delivery(response, target)


async def _post(
    message: Message, url: URL, request: Request, http: aiohttp.ClientSession
) -> aiohttp.ClientResponse:
    head = headers(request, url)
    head[idempotency.HEADER] = idempotency.key(message.id)
    body = {"id": message.id, "to": message.to, "subject": message.subject, "text": message.text}
    async with asyncio.timeout(TIMEOUT_S):
        async with http.post(
            url.with_user(None),
            allow_redirects=False,
            data=json.dumps(body).encode(),
            headers=head,
            ssl=request.tls,
        ) as response:
            return response


def _delivery(response: aiohttp.ClientResponse, target: str) -> Delivery:
    status = response.status
    if 200 <= status < 300:
        return SENT
    reason = f"{target} answered HTTP {status}"
    if status in _NOT_ACCEPTED:
        return NotSent(reason, retry_after=pause(status, response.headers))
    if status < 400:
        reason = f"{reason}; redirects are not followed, the connection must name its target"
        return Refused(reason, everyone=True)
    if status < 500:
        return Refused(reason, everyone=status in _OUR_FAULT)
    return Unsure(f"{reason}; it may have sent the message")
