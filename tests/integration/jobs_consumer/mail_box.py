"""The mail server of a notification's recipient."""

from __future__ import annotations

from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class MailBox:
    """An SMTP server that keeps what it accepts, and answers what it is told to."""

    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    rcpt: str = ""
    """Answers to RCPT, instead of an acceptance."""
    rcpts: list[str] = field(default_factory=list)
    """The same, one after the other; "hang up" breaks the connection."""
    data: list[str] = field(default_factory=list)
    """Answers to DATA, one after the other, then acceptances; "hang up" breaks the connection."""

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: object
    ) -> str:
        if self.rcpts:
            answer = self.rcpts.pop(0)
            if answer == "hang up":
                _hang_up(server)
            return answer
        if self.rcpt:
            return self.rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.data.pop(0) if self.data else "250 OK"
        if answer == "hang up":
            _hang_up(server)
        if answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            mail = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
            self.recipients += envelope.rcpt_tos
        return answer

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, login: object
    ) -> AuthResult:
        assert isinstance(login, LoginPassword)
        self.logins.append(login.login.decode())
        return AuthResult(success=login.password == b"secret")


def _hang_up(server: SMTP) -> None:
    assert server.transport is not None
    server.transport.abort()
