"""A notification of the platform's own table: the job names its row, ``{"notification": 4711}``."""

from __future__ import annotations

import asyncio
from typing import assert_never

from system_daemon.jobs.handlers.access import NoAccessError
from system_daemon.jobs.handlers.context import Context
from system_daemon.jobs.handlers.delivery import (
    Delivery,
    NotSent,
    Refused,
    RefusedForNow,
    Sent,
    Unsure,
)
from system_daemon.jobs.handlers.message import BadNotificationError, Message, complete
from system_daemon.jobs.handlers.outbox import Claimed, Outbox
from system_daemon.jobs.handlers.patience import Patience
from system_daemon.jobs.handlers.ways import Way, find_way
from system_daemon.jobs.payload import Job
from system_daemon.jobs.verdict import DONE, Failed, Verdict, Wait

_KEY = "notification"
_CUT_OFF = "the sender was stopped while the server had the message; it may have been sent"


def row_of(job: Job) -> int | None:
    """The row that the job names; None where it describes a whole notification instead.

    Raises:
        BadNotificationError: it names none, or more than that.
    """
    written = job.args[0] if len(job.args) == 1 else None
    if not isinstance(written, dict) or _KEY not in written:
        return None
    named = written[_KEY]
    if written.keys() != {_KEY} or not isinstance(named, int) or isinstance(named, bool):
        raise BadNotificationError(f'expected "{_KEY}" to be a row\'s number, with nothing beside')
    return named


async def send_queued(row: int, context: Context) -> Verdict:
    """Send the row's notification, unless it was sent before or somebody else does it."""
    if context.outbox is None:
        reason = "expected a connection to the platform's database for notifications, got none"
        return Failed(exception="NoAccess", reason=reason, down=True)
    import psycopg  # noqa: PLC0415 - most consumers never see a row

    try:
        return await _send(row, context, context.outbox)
    except NoAccessError as error:
        return Failed(exception="NoAccess", reason=str(error), down=True)
    except psycopg.Error as error:
        # Its sentence may quote a row.
        state = f", SQLSTATE {error.sqlstate}" if error.sqlstate else ""
        reason = f"the platform's database could not be used ({type(error).__name__}{state})"
        return Failed(exception="DatabaseError", reason=reason, down=True)


async def _send(row: int, context: Context, outbox: Outbox) -> Verdict:
    claimed = await outbox.claim(row)
    if claimed is None:
        context.log.info("notification %d does not wait to be sent; nothing to do", row)
        return DONE
    try:
        message, way = await _prepare(claimed, context)
    except BadNotificationError as error:
        return await _give_up(claimed, str(error), context, outbox)
    except NoAccessError as error:
        await outbox.give_back(claimed, str(error))
        raise
    except BaseException as error:
        kind = type(error).__name__
        await outbox.give_back(claimed, f"the sender was stopped before it began ({kind})")
        raise
    try:
        delivery = await way(message)
    except asyncio.CancelledError:
        await outbox.failed(claimed, _CUT_OFF)
        raise
    return await _verdict(delivery, claimed, context, outbox)


async def _prepare(claimed: Claimed, context: Context) -> tuple[Message, Way]:
    message = complete(
        identity=f"{_KEY}-{claimed.notification}",
        channel=claimed.channel,
        to=claimed.to or "",
        parts={"subject": claimed.subject, "text": claimed.body, "html": ""},
    )
    return message, await find_way(message.channel, context)


async def _verdict(
    delivery: Delivery, claimed: Claimed, context: Context, outbox: Outbox
) -> Verdict:
    match delivery:
        case Sent():
            await outbox.sent(claimed)
            return DONE
        case NotSent() | Refused(everyone=True):
            await outbox.give_back(claimed, delivery.reason)
            return _down(delivery)
        case Refused():
            return await _give_up(claimed, delivery.reason, context, outbox)
        case RefusedForNow():
            return await _try_later(claimed, delivery.reason, context, outbox)
        case Unsure():
            await outbox.failed(claimed, delivery.reason)
            # The next attempt finds nothing to do, but a target that does so to all must be seen.
            return Failed(exception="PerhapsSent", reason=delivery.reason, down=True)
        case _:
            assert_never(delivery)


def _down(delivery: NotSent | Refused) -> Verdict:
    if isinstance(delivery, NotSent) and delivery.retry_after is not None:
        return Wait(seconds=delivery.retry_after, reason=delivery.reason)
    return Failed(exception=type(delivery).__name__, reason=delivery.reason, down=True)


async def _try_later(claimed: Claimed, reason: str, context: Context, outbox: Outbox) -> Verdict:
    if await Patience(context, f"{_KEY}-{claimed.notification}").is_over():
        return await _give_up(claimed, f"{reason}, and had for a day", context, outbox)
    # DELAYED_NOTIFICATIONS wakes the sender again; a failure would count against everybody's route.
    await outbox.give_back(claimed, reason)
    context.log.warning("notification %d waits: %s", claimed.notification, reason)
    return DONE


async def _give_up(claimed: Claimed, reason: str, context: Context, outbox: Outbox) -> Verdict:
    await outbox.failed(claimed, reason)
    context.log.warning("notification %d is not sent: %s", claimed.notification, reason)
    return DONE
