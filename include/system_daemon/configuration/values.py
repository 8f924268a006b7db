"""The kinds of value that configuration is made of, each with its rule.

A rule that fails raises ``ValueError``; the sentence comes from the field's description
(``sentences``). Where that would not say enough, a ``PydanticCustomError`` of type ``whole`` brings
its own sentence.
"""

from __future__ import annotations

import re
import zoneinfo
from datetime import time
from functools import cache
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field
from pydantic.functional_validators import AfterValidator
from pydantic_core import PydanticCustomError

from system_daemon.configuration.problems import did_you_mean, shown

YEAR_S = 366 * 24 * 3600
"""The longest wait that configuration may ask for: a leap year, in seconds."""

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")


@cache
def zone_names() -> frozenset[str]:
    """Every IANA zone name this machine knows."""
    return frozenset(zoneinfo.available_timezones())


def _number(value: Any) -> Any:
    # JSON has one kind of number; a quoted number or a truth value is a slip worth naming.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError  # noqa: TRY004  pydantic turns only this one into a finding
    return value


Seconds = Annotated[float, BeforeValidator(_number), Field(ge=0, le=YEAR_S, allow_inf_nan=False)]


def _zone_name(name: str) -> str:
    if name not in zone_names():
        raise PydanticCustomError(
            "whole",
            "expected {expected}, got {got}",
            {
                "expected": "an IANA time zone name such as Europe/Madrid",
                "got": shown(name) + did_you_mean(name, zone_names()),
            },
        )
    return name


ZoneName = Annotated[str, AfterValidator(_zone_name)]


def clock_time(text: Any) -> time:
    """A time of day from ``H:MM``, ``HH:MM`` or ``HH:MM:SS`` (R41).

    Raises:
        ValueError: anything else; 24:00 and 12-hour times too.
    """
    if isinstance(text, time):
        return text
    match = _CLOCK.fullmatch(text) if isinstance(text, str) else None
    try:
        if match:
            hour, minute, second = (int(part or 0) for part in match.groups())
            return time(hour, minute, second)
    except ValueError:
        pass
    raise ValueError


ClockTime = Annotated[
    time,
    BeforeValidator(clock_time),
    Field(
        strict=False,
        json_schema_extra={
            "format": "",
            "pattern": r"^([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?$",
        },
    ),
]


def _endpoint(url: str) -> str:
    if not url.isprintable() or " " in url:
        raise ValueError
    parts = urlsplit(url)  # raises ValueError itself for what is no URL
    if parts.username is not None or parts.password is not None:
        # The URL is not repeated: it holds a password.
        raise PydanticCustomError(
            "whole",
            "expected a URL without user and password, got one with them; put them into an"
            ' Airflow connection and name it in "connection"',
        )
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError
    if parts.fragment:
        raise PydanticCustomError(
            "whole",
            "expected a URL without a #fragment, got one; a server never sees it, remove it",
        )
    return url


Endpoint = Annotated[str, Field(max_length=2000), AfterValidator(_endpoint)]


def _name(text: str) -> str:
    if not text or text != text.strip() or not text.isprintable():
        raise ValueError
    return text


Name = Annotated[str, Field(max_length=150), AfterValidator(_name)]
