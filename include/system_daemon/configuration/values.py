"""The kinds of value that configuration is made of, each with its rule.

A rule that fails raises ``ValueError``; the sentence comes from the field's description
(``sentences``). Where that would not say enough, a ``PydanticCustomError`` of type ``whole`` brings
its own sentence. The patterns are for the JSON Schema: what an editor can know of the rule.
"""

from __future__ import annotations

import ipaddress
import re
import zoneinfo
from datetime import time
from functools import cache
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic.functional_validators import AfterValidator
from pydantic_core import PydanticCustomError

from system_daemon.configuration.problems import did_you_mean, shown

YEAR_S = 366 * 24 * 3600
"""The longest wait that configuration may ask for: a leap year, in seconds."""

_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")


class Unrepeated:
    """Marks a field whose text no sentence repeats: it may hold a secret."""


def pattern(regex: str) -> Any:
    """What an editor can know of a text's rule."""
    return Field(json_schema_extra={"pattern": regex})


@cache
def zone_names() -> frozenset[str]:
    """Every IANA zone name this machine knows."""
    return frozenset(zoneinfo.available_timezones()) - {"localtime", "Factory"}


def number(value: Any) -> Any:
    """The value, where it is a JSON number."""
    # JSON has one kind of number; a quoted number or a truth value is a slip worth naming.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError  # noqa: TRY004  pydantic turns only this one into a finding
    return value


Number = BeforeValidator(number)
"""Stands last: what stands before it then reaches the JSON Schema."""
Seconds = Annotated[float, Field(ge=0, le=YEAR_S, allow_inf_nan=False), Number]


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


ZoneName = Annotated[
    str,
    AfterValidator(_zone_name),
    # No list of all names: it would change with every machine's time zone data.
    pattern(r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$"),
]


def clock_time(text: Any) -> time:
    """A time of day from ``H:MM``, ``HH:MM`` or ``HH:MM:SS`` (R41).

    Raises:
        ValueError: anything else; 24:00 and 12-hour times too.
    """
    if isinstance(text, time):
        return text
    match = _CLOCK.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError
    hour, minute, second = (int(part or 0) for part in match.groups())
    return time(hour, minute, second)


ClockTime = Annotated[
    time,
    BeforeValidator(clock_time),
    Field(strict=False),
    WithJsonSchema(
        {"type": "string", "pattern": r"^([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"}
    ),
]


def _endpoint(url: str) -> str:
    parts = _split(url)
    if parts.username is not None or parts.password is not None:
        raise PydanticCustomError(
            "whole",
            "expected a URL without user and password, got one with them; put them into an"
            ' Airflow connection and name it in "connection"',
        )
    if parts.fragment or url.endswith("#"):
        raise PydanticCustomError(
            "whole",
            "expected a URL without a #fragment, got one; a server never sees it, remove it",
        )
    return url


def _split(url: str) -> Any:
    expected = "a complete http or https URL such as https://his.example/import"
    # A password or a key may stand before an @ or behind a ?; such a text is not repeated.
    discreet = "@" in url or "?" in url
    got = "another text, which may hold a secret" if discreet else shown(url)
    refusal = PydanticCustomError(
        "whole", "expected {expected}, got {got}", {"expected": expected, "got": got}
    )
    if not url.isprintable() or " " in url:
        raise refusal
    try:
        parts = urlsplit(url)
        complete = parts.scheme.lower() in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        raise refusal from None
    if not complete:
        raise refusal
    return parts


Endpoint = Annotated[
    str,
    Field(max_length=2000),
    AfterValidator(_endpoint),
    Unrepeated(),
    pattern(r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#@:][^\s/?#@]*([/?][^\s#]*)?$"),
]


def _name(text: str) -> str:
    if not text or text != text.strip() or not text.isprintable():
        raise ValueError
    return text


Name = Annotated[
    str, Field(min_length=1, max_length=150), AfterValidator(_name), pattern(r"^\S(.*\S)?$")
]


def _connection_id(text: str) -> str:
    if not re.fullmatch(_CONNECTION_ID, text):
        raise ValueError
    return text


_CONNECTION_ID = r"[A-Za-z0-9_#!().:/\\-]{1,200}"
"""Airflow's own rule, which it applies when the connection is made."""
ConnectionId = Annotated[
    str, AfterValidator(_connection_id), Unrepeated(), pattern(f"^{_CONNECTION_ID}$")
]


def _host_name(text: str) -> str:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        if not re.fullmatch(_HOST_NAME, text):
            raise PydanticCustomError(
                "whole",
                "expected a host name such as his.example, without scheme, port or path, got {got}",
                {"got": "another text, which may hold a secret" if "@" in text else shown(text)},
            ) from None
    return text


_HOST_NAME = r"[^\s/?#@:*\[\]]+"
_IPV6 = "[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*"
HostName = Annotated[str, AfterValidator(_host_name), pattern(f"^({_HOST_NAME}|{_IPV6})$")]


PathText = Annotated[
    str, Field(min_length=1, max_length=1000), AfterValidator(_name), pattern(r"^\S(.*\S)?$")
]
