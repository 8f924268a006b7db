"""How sending one message ended: a closed set."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sent:
    """It was accepted."""


@dataclass(frozen=True, slots=True)
class NotSent:
    """The server could not be asked, or not now; any other message would have fared the same."""

    reason: str
    retry_after: float | None = None
    """Seconds for which the server asked to be left alone."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The server refused this message."""

    reason: str
    everyone: bool = False
    """It would refuse any other message as well: it does not know us, or has no such address."""


@dataclass(frozen=True, slots=True)
class RefusedForNow:
    """Nothing left: the server does not take this message now, as greylisting; others it may."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unsure:
    """It may have been accepted: the connection broke before the server had said."""

    reason: str


Delivery = Sent | NotSent | Refused | RefusedForNow | Unsure
SENT = Sent()
