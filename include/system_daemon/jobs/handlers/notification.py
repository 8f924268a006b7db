"""The shipped handler: one notification, by e-mail, SMS or push, at most once.

A job's argument is an object::

    {"id": "4711", "channel": "email", "to": "ana@example.org",
     "template": "appointment", "data": {"name": "Ana"}}

Instead of ``template`` and ``data`` it may bring its own ``subject``, ``text`` and ``html``. ``id``
is the notification's; without one the job's counts. Or the argument names a row of the platform's
own table, ``{"notification": 4711}``: then the row says all, and remembers what became of it.

None is better than two: before a whole notification is sent, its id is noted under
``<namespace>system_daemon:notification:<digest of the id>`` (SET NX, kept for ``remembered_for``
seconds). What certainly did not leave takes the note back and may be tried again. What may have
left does not: the job fails, and a person decides.
"""

from __future__ import annotations

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
from system_daemon.jobs.handlers.message import BadNotificationError, read_message
from system_daemon.jobs.handlers.queued_notification import row_of, send_queued
from system_daemon.jobs.handlers.sent_once import SentOnce, State
from system_daemon.jobs.handlers.ways import find_way
from system_daemon.jobs.payload import Job
from system_daemon.jobs.verdict import DONE, Failed, Verdict, Wait
from system_daemon.services.log_lines import clean


async def send_notification(job: Job, context: Context) -> Verdict:
    """Send what the job describes, unless it was sent before."""
    try:
        row = row_of(job)
        if row is not None:
            return await send_queued(row, context)
        message = read_message(job, context.templates)
        # Found before anything is noted: between the note and the way nothing can go wrong.
        way = await find_way(message.channel, context)
    except BadNotificationError as error:
        return Failed(exception="BadNotification", reason=str(error))
    except NoAccessError as error:
        return Failed(exception="NoAccess", reason=str(error), down=True)
    once = SentOnce(context, message.id)
    match await once.begin():
        case State.SENT:
            shown = clean(job.id, 100)
            context.log.info("job %s: its notification was sent before; not sent again", shown)
            return DONE
        case State.SENDING:
            return Failed(
                exception="PerhapsSent",
                reason="an earlier attempt may have sent the notification; it is not sent again."
                f" If it never arrived, delete the key {once.shown_key} and run the job again",
            )
        case State.NEW:
            pass
    return await _verdict(await way(message), once)


async def _verdict(delivery: Delivery, once: SentOnce) -> Verdict:
    match delivery:
        case Sent():
            await once.sent()
            return DONE
        case NotSent():
            await once.take_back()
            if delivery.retry_after is not None:
                return Wait(seconds=delivery.retry_after, reason=delivery.reason)
            return Failed(exception="NotSent", reason=delivery.reason, down=True)
        case Refused():
            await once.take_back()
            return Failed(exception="Refused", reason=delivery.reason, down=delivery.everyone)
        case RefusedForNow():
            await once.take_back()
            return Failed(exception="RefusedForNow", reason=delivery.reason)
        case Unsure():
            return Failed(exception="PerhapsSent", reason=delivery.reason)
        case _:
            assert_never(delivery)
