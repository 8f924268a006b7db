"""What holds for the whole deployment: ``settings.json``, every key optional."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field
from pydantic.functional_validators import AfterValidator

from system_daemon.configuration.alerts import Alert
from system_daemon.configuration.model import Model
from system_daemon.configuration.values import (
    YEAR_S,
    ConnectionId,
    HostName,
    Number,
    Seconds,
    ZoneName,
    pattern,
)

LockPolicy = Literal["documented", "by_name", "always"]


_API_VERSION = r"[0-9]{1,6}(\.[0-9]{1,6}){1,3}"


def _api_version(text: str) -> str:
    if not re.fullmatch(_API_VERSION, text):
        raise ValueError
    return text


class DailyRetry(Model):
    """How a daily service that ended in error or timeout is tried again the same day (R43)."""

    attempts: Annotated[int, Field(ge=1, le=20, description="a whole number from 1 to 20")]
    """How many times at the most, after the first."""
    delay: Annotated[
        Annotated[float, Field(ge=1, le=YEAR_S, allow_inf_nan=False), Number],
        Field(description="a number of seconds from 1 to 31622400"),
    ] = 300
    """Seconds between the end of one try and the next."""


class Settings(Model):
    """The deployment's own rules; an entry says only where it differs."""

    system_timezone: Annotated[
        ZoneName, Field(description="an IANA time zone name such as Europe/Madrid")
    ] = "UTC"
    """The zone of a daily time that names none (R40)."""
    lock_policy: Annotated[
        LockPolicy, Field(description='one of "documented", "by_name", "always"')
    ] = "documented"
    """When a call holds the lock between deployments (R37): ``documented`` when
    ``allow_concurrency`` is true, ``by_name`` when it is false, ``always``."""
    missed_run_grace: Annotated[
        Seconds, Field(description="a number of seconds from 0 to 31622400")
    ] = 3600
    """How late, in seconds, a daily run may still start after an outage (R45)."""
    redis_connection: Annotated[ConnectionId, Field(description="an Airflow connection id")] = (
        "system_daemon_redis"
    )
    """The Airflow connection of the Redis that keeps call records and locks."""
    api_version: Annotated[
        Annotated[str, AfterValidator(_api_version), pattern(f"^{_API_VERSION}$")] | None,
        Field(description="a version of the platform's API such as 2.7.31"),
    ] = None
    """The platform's API version; decides which DAGs exist (R22). Absent: all of them."""
    allowed_hosts: Annotated[
        tuple[HostName, ...] | None, Field(strict=False, description="an array of host names")
    ] = None
    """The only hosts that may be called (R34). Absent: any host named by an endpoint."""
    any_content_type: Annotated[bool, Field(description="true or false")] = False
    """Whether a JSON answer with another Content-Type than application/json counts (R27)."""
    daily_retry: Annotated[
        DailyRetry | None, Field(description='an object such as {"attempts": 2, "delay": 300}')
    ] = None
    """Retries of daily services within the day (R43). Absent: none until the next day."""
    alerts: Annotated[
        tuple[Alert, ...],
        Field(strict=False, description='an array of objects such as {"notifier": "a.b.Notifier"}'),
    ] = ()
    """Who is told when a run fails for good, and when the next one succeeds. Absent: nobody."""

    def offers(self, since: tuple[int, ...]) -> bool:
        """Whether the platform's API version has a feature that came with version ``since``."""
        if self.api_version is None:
            return True
        return tuple(int(part) for part in self.api_version.split(".")) >= since
