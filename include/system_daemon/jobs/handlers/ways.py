"""The way that a notification takes: an SMTP server or an HTTP gateway."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import assert_never

from system_daemon.jobs.handlers.access import NoAccessError
from system_daemon.jobs.handlers.context import Context
from system_daemon.jobs.handlers.delivery import Delivery
from system_daemon.jobs.handlers.email import send_email
from system_daemon.jobs.handlers.gateway import send_to_gateway
from system_daemon.jobs.handlers.message import Channel, Message

Way = Callable[[Message], Awaitable[Delivery]]


async def find_way(channel: Channel, context: Context) -> Way:
    """What sends a message of this channel; until it is called nothing leaves.

    Raises:
        NoAccessError: the channel's Airflow connection is missing or does not fit.
    """
    try:
        return await _found(channel, context)
    except NoAccessError:
        raise
    except Exception as error:
        # What a malformed connection makes its reader say may quote a secret.
        kind = type(error).__name__
        reason = f"the Airflow connection for {channel} could not be read ({kind})"
        raise NoAccessError(reason) from error


async def _found(channel: Channel, context: Context) -> Way:
    connections, chosen = context.connections, context.notifications
    match channel:
        case "email":
            return partial(send_email, server=await connections.mail_server(chosen.email))
        case "sms":
            gateway = await connections.gateway(chosen.sms)
            return partial(send_to_gateway, gateway=gateway, http=context.http)
        case "push":
            gateway = await connections.gateway(chosen.push)
            return partial(send_to_gateway, gateway=gateway, http=context.http)
        case _:
            assert_never(channel)
