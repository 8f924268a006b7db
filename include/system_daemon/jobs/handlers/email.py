"""E-mail through an SMTP server."""

from __future__ import annotations

from email.headerregistry import Address
from email.message import EmailMessage
from hashlib import sha256
from typing import Any

import aiosmtplib

from system_daemon.jobs.handlers.access import MailServer
from system_daemon.jobs.handlers.delivery import (
    SENT,
    Delivery,
    NotSent,
    Refused,
    RefusedForNow,
    Unsure,
)
from system_daemon.jobs.handlers.message import Message

_TOO_LARGE = 552


async def send_email(message: Message, server: MailServer) -> Delivery:
    """Send the message to its one recipient."""
    try:
        mail = compose(message, server.sender)
    except Exception:  # the parser of addresses may raise anything for what is none
        return Refused("expected addresses and a subject that may stand in an e-mail's head")
    target = f"{server.host}:{server.port}"
    client = _Client(
        hostname=server.host,
        port=server.port,
        username=server.login.login if server.login else None,
        password=server.login.password if server.login else None,
        use_tls=server.encryption == "tls",
        start_tls=server.encryption == "starttls",
        tls_context=server.tls,
        timeout=server.timeout,
    )
    try:
        await client.connect()
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        client.close()
        return NotSent(f"the mail server {target} did not let us in ({_code(error)})")
    try:
        return await _hand_over(mail, client, target)
    finally:
        client.close()


async def _hand_over(mail: EmailMessage, client: _Client, target: str) -> Delivery:
    try:
        await client.send_message(mail)
    except aiosmtplib.SMTPRecipientsRefused as error:
        return _recipient_refused(target, error.recipients[0].code)
    except aiosmtplib.SMTPResponseException as error:
        reason = f"the mail server {target} refused the message (SMTP {error.code})"
        ours = isinstance(error, aiosmtplib.SMTPSenderRefused) and error.code != _TOO_LARGE
        return NotSent(reason) if error.code < 500 else Refused(reason, everyone=ours)
    except (aiosmtplib.SMTPNotSupported, ValueError):  # both before anything is said of the mail
        reason = f"the mail server {target} cannot be given these addresses (no SMTPUTF8)"
        return Refused(reason, everyone=not _ascii_sender(mail))
    except (aiosmtplib.SMTPException, OSError) as error:
        return _broken(type(error).__name__, client, target)
    return SENT


class _Client(aiosmtplib.SMTP):
    """Knows from when on a message may have been accepted."""

    message_out = False

    async def data(self, *args: Any, **kwargs: Any) -> aiosmtplib.SMTPResponse:
        self.message_out = True
        return await super().data(*args, **kwargs)


def compose(message: Message, sender: str) -> EmailMessage:
    """The e-mail; its Message-ID is the same at every attempt.

    Raises:
        ValueError: a header would hold a line break, or an address is none.
    """
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = Address(addr_spec=message.to)
    mail["Subject"] = message.subject
    digest = sha256(message.id.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    mail["Message-ID"] = f"<{digest}@{sender.rpartition('@')[2].strip(' >') or 'localhost'}>"
    mail["Auto-Submitted"] = "auto-generated"
    if message.text:
        mail.set_content(message.text)
    if message.html and message.text:
        mail.add_alternative(message.html, subtype="html")
    elif message.html:
        mail.set_content(message.html, subtype="html")
    return mail


def _recipient_refused(target: str, code: int) -> Delivery:
    reason = f"the mail server {target} refused the recipient (SMTP {code})"
    return RefusedForNow(reason) if code < 500 else Refused(reason)


def _broken(kind: str, client: _Client, target: str) -> Delivery:
    if not client.message_out:
        # Perhaps because of this recipient: counted as down, it would hold all others too.
        return RefusedForNow(f"the mail server {target} broke off before the message ({kind})")
    return Unsure(
        f"the connection to the mail server {target} broke while it had the message ({kind});"
        " it may have been sent"
    )


def _ascii_sender(mail: EmailMessage) -> bool:
    return all(each.addr_spec.isascii() for each in mail["From"].addresses)


def _code(error: Exception) -> str:
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"SMTP {error.code}"
    return type(error).__name__
