"""E-mail through an SMTP server."""

from __future__ import annotations

from email.headerregistry import Address
from email.message import EmailMessage
from hashlib import sha256

import aiosmtplib

from system_daemon.jobs.handlers.access import MailServer
from system_daemon.jobs.handlers.delivery import SENT, Delivery, NotSent, Refused, Unsure
from system_daemon.jobs.handlers.message import Message


async def send_email(message: Message, server: MailServer) -> Delivery:
    """Send the message to its one recipient."""
    try:
        mail = compose(message, server.sender)
    except (ValueError, IndexError):  # what email.headerregistry says of an address that is none
        return Refused("expected addresses and a subject that may stand in an e-mail's head")
    target = f"{server.host}:{server.port}"
    client = aiosmtplib.SMTP(
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
        await client.send_message(mail)
    except aiosmtplib.SMTPRecipientsRefused as error:
        codes = ", ".join(str(refused.code) for refused in error.recipients)
        return Refused(f"the mail server {target} refused the recipient (SMTP {codes})")
    except aiosmtplib.SMTPResponseException as error:
        reason = f"the mail server {target} refused the message (SMTP {error.code})"
        ours = isinstance(error, aiosmtplib.SMTPSenderRefused)
        return NotSent(reason) if error.code < 500 else Refused(reason, everyone=ours)
    except (aiosmtplib.SMTPException, OSError) as error:
        kind = type(error).__name__
        return Unsure(
            f"the connection to the mail server {target} broke while it had the message ({kind});"
            " it may have been sent"
        )
    finally:
        client.close()
    return SENT


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


def _code(error: Exception) -> str:
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"SMTP {error.code}"
    return type(error).__name__
