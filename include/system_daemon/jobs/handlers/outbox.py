"""The platform's table of notifications, as far as the sender needs it.

The row is the truth, a job only wakes the sender. QUEUED (2) becomes SENDING (3) before anything
leaves, so that of two jobs for one row one finds nothing to do; then SENT (4), FAILED (5), or
QUEUED again where certainly nothing left. A sender that dies leaves SENDING, which
DELAYED_NOTIFICATIONS ends after an hour: none is better than two (R19). While it is SENDING the
column error holds a mark of who took it: a sender whose reply was lost finds its own claim by it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    import psycopg

_CLAIM = """
UPDATE notification SET status = 3, claimed_at = clock_timestamp(), error = %(mark)s
  FROM patient_case
 WHERE notification.case_id = patient_case.case_id
   AND notification_id = %(notification)s
   AND notification.deleted_at IS NULL AND patient_case.deleted_at IS NULL
   AND (status = 2 OR (status = 3 AND error = %(mark)s))
RETURNING channel, subject, body, claimed_at,
          CASE channel WHEN 'email' THEN email WHEN 'sms' THEN phone ELSE patient_case.case_id::text
          END
"""
_UNCLAIM = """
UPDATE notification SET status = 2, claimed_at = NULL, error = NULL
 WHERE notification_id = %(notification)s AND status = 3 AND error = %(mark)s
"""
# Only who claimed it may say how it ended.
_SENT = """
UPDATE notification SET status = 4, sent_at = clock_timestamp(), error = NULL
 WHERE notification_id = %(notification)s AND claimed_at = %(claimed_at)s
"""
_FAILED = """
UPDATE notification SET status = 5, error = %(reason)s
 WHERE notification_id = %(notification)s AND claimed_at = %(claimed_at)s
"""
_GIVE_BACK = """
UPDATE notification
   SET status = 2, claimed_at = NULL, queued_at = clock_timestamp(), error = %(reason)s
 WHERE notification_id = %(notification)s AND claimed_at = %(claimed_at)s AND status = 3
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A notification that nobody else sends; its content never shows in a repr."""

    notification: int
    channel: str
    to: str | None = field(repr=False)
    """The patient's address; the push gateway knows the patient's devices by the case's number."""
    subject: str = field(repr=False)
    body: str = field(repr=False)
    claimed_at: datetime


class Outbox:
    """The table, over one connection that is opened when first needed and after it broke.

    Methods raise psycopg.Error, and whatever ``conninfo`` raises. psycopg's sentences may quote
    rows: they are not for logs.
    """

    def __init__(self, conninfo: Callable[[], Awaitable[str]]) -> None:
        """Nothing is opened yet; `conninfo`: tells libpq where the platform's database is."""
        self._conninfo = conninfo
        self._connection: psycopg.AsyncConnection | None = None
        self._opening = asyncio.Lock()

    async def claim(self, notification: int) -> Claimed | None:
        """Take it for sending; None where it does not wait to be sent (any more).

        Cut off before it knows whether it has taken it, it gives it back.
        """
        values = {"notification": notification, "mark": f"being sent ({uuid4().hex})"}
        await self._connected()  # without a database nothing was taken
        try:
            row = await (await self._execute(_CLAIM, values)).fetchone()
        except BaseException:
            # What was going wrong matters, not that this does too: then the hour ends it.
            with contextlib.suppress(Exception):
                await self._execute(_UNCLAIM, values)
            raise
        if row is None:
            return None
        channel, subject, body, claimed_at, to = row
        return Claimed(
            notification=notification, channel=channel, to=to, subject=subject, body=body,
            claimed_at=claimed_at,
        )  # fmt: skip

    async def sent(self, claimed: Claimed) -> None:
        """It was accepted."""
        await self._end(_SENT, claimed)

    async def failed(self, claimed: Claimed, reason: str) -> None:
        """It is not sent any more; `reason` is free of personal data."""
        await self._end(_FAILED, claimed, reason)

    async def give_back(self, claimed: Claimed, reason: str) -> None:
        """Certainly nothing left: it waits to be sent again."""
        await self._end(_GIVE_BACK, claimed, reason)

    async def aclose(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.close()

    async def _end(self, query: str, claimed: Claimed, reason: str | None = None) -> None:
        values = {
            "notification": claimed.notification,
            "claimed_at": claimed.claimed_at,
            "reason": reason,
        }
        await self._execute(query, values)

    async def _execute(self, query: str, values: Mapping[str, object]) -> psycopg.AsyncCursor:
        from psycopg import OperationalError  # noqa: PLC0415

        try:
            return await (await self._connected()).execute(query, values)
        except OperationalError:
            # The same words twice change nothing, and a lost connection is seen at first use.
            return await (await self._connected()).execute(query, values)

    async def _connected(self) -> psycopg.AsyncConnection:
        # Most consumers never see a row: they need not wait for the driver.
        from psycopg import AsyncConnection  # noqa: PLC0415

        async with self._opening:
            if self._connection is None or self._connection.closed:
                self._connection = await AsyncConnection.connect(
                    await self._conninfo(),
                    autocommit=True,
                    # A pooler between us and the server may give each statement another session.
                    prepare_threshold=None,
                    application_name="system-daemon notifications",
                )
            return self._connection
