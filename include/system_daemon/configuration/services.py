"""One entry of ``external_services.json``: the seed document's keys, and three optional more."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from datetime import time
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from system_daemon.configuration.settings import LockPolicy, Model, Settings
from system_daemon.configuration.values import ClockTime, Endpoint, Name, Seconds, ZoneName

SINCE = (2, 7, 26)
"""The API version that introduced external services (R22)."""
DEFAULT_TIMEOUT_S = 300
DEFAULT_INTERVAL_S = 300
LONGEST_TIMEOUT_S = 7 * 24 * 3600

_INTERVAL = "a number of seconds from 0 to 31622400"
Interval = Annotated[Seconds, Field(description=_INTERVAL)]


class Intervals(Model):
    """Seconds from the end of one execution to the next, by its outcome (R42)."""

    on_timeout: Interval = DEFAULT_INTERVAL_S
    on_idle: Interval = DEFAULT_INTERVAL_S
    on_success: Interval = DEFAULT_INTERVAL_S
    on_error: Interval = DEFAULT_INTERVAL_S


class ExecutionPlan(Model):
    """When a service is executed: once a day at a time, or an interval after its last execution."""

    period: Annotated[Literal["daily", "interval"], Field(description='one of "daily", "interval"')]
    timezone: Annotated[
        ZoneName | None, Field(description="an IANA time zone name such as Europe/Madrid")
    ] = None
    """The zone of ``time``; only with ``daily``."""
    time: Annotated[
        ClockTime | None,
        Field(description="a time of day from 00:00 to 23:59:59 such as 15:57"),
    ] = None
    """The time of day; only with ``daily``, and required there."""
    intervals: Annotated[
        Intervals, Field(description='an object of intervals such as {"on_success": 10}')
    ] = Intervals()
    """Only with ``interval``."""

    @model_validator(mode="after")
    def _daily_has_a_time(self) -> ExecutionPlan:
        if self.period == "daily" and self.time is None:
            raise PydanticCustomError(
                "whole",
                'expected "time", the time of day of a daily plan such as "15:57", got nothing',
            )
        return self


class Service(Model):
    """An external service, called with one HTTP POST an execution."""

    name: Annotated[
        Name,
        Field(
            description="a name of 1 to 150 printable characters, none of them a space at its ends"
        ),
    ]
    """Unique among all services (R33)."""
    description: Annotated[str, Field(max_length=10_000, description="a text")] = ""
    endpoint: Annotated[
        Endpoint,
        Field(description="a complete http or https URL such as https://his.example/import"),
    ]
    parameters: Annotated[
        dict[str, Any], Field(description="an object, the body of the POST")
    ] = Field(default_factory=dict)
    """The body of the POST, sent exactly as it stands here (R35)."""
    timeout: Annotated[
        Seconds,
        Field(gt=0, le=LONGEST_TIMEOUT_S, description="a number of seconds above 0, up to 604800"),
    ] = DEFAULT_TIMEOUT_S
    """Wall-clock seconds of the whole call (R36)."""
    allow_concurrency: Annotated[bool, Field(description="true or false")] = False
    """Read through the lock policy (R37): see ``locks``."""
    execution_plan: Annotated[
        ExecutionPlan,
        Field(description='an object such as {"period": "daily", "time": "15:57"}'),
    ]
    connection: Annotated[
        str | None, Field(min_length=1, max_length=200, description="an Airflow connection id")
    ] = None
    """The Airflow HTTP connection with this service's authentication, headers and TLS."""
    lock_policy: Annotated[
        LockPolicy | None, Field(description='one of "documented", "by_name", "always"')
    ] = None
    """Where this entry differs from the settings' policy."""
    missed_run_grace: Annotated[
        Seconds | None, Field(description="a number of seconds from 0 to 31622400")
    ] = None
    """Where this entry differs from the settings' grace, in seconds."""
    allow_secrets: Annotated[bool, Field(description="true or false")] = False
    """Whether keys of ``parameters`` may look like secrets."""

    @property
    def dag_id(self) -> str:
        """``service__`` and the name in the letters that Airflow allows in an id."""
        return f"service__{slug(self.name)}"

    def locks(self, settings: Settings) -> bool:
        """Whether a call holds the lock between deployments (R37)."""
        match self.lock_policy or settings.lock_policy:
            case "always":
                return True
            case "by_name":
                return not self.allow_concurrency
            case "documented":
                return self.allow_concurrency

    def grace(self, settings: Settings) -> float:
        """How late a daily run may still start, in seconds (R45)."""
        own = self.missed_run_grace
        return settings.missed_run_grace if own is None else own

    def zone_name(self, settings: Settings) -> str:
        """The zone of the daily time (R40)."""
        return self.execution_plan.timezone or settings.system_timezone

    def daily_time(self) -> time:
        """The time of day of a daily plan."""
        if self.execution_plan.time is None:
            raise ValueError(f"expected a daily plan, got an interval plan in {self.name}")
        return self.execution_plan.time


def slug(name: str) -> str:
    """The name in ASCII letters, digits, ``.``, ``-`` and ``_``.

    Accents are dropped and other characters become ``_``; where a letter of another script would be
    lost, a short digest of the name keeps the id unique and stable.
    """
    folded = unicodedata.normalize("NFKD", name)
    plain = "".join(char for char in folded if not unicodedata.combining(char))
    kept = re.sub(r"[^A-Za-z0-9_.-]", "_", plain)
    if any(char.isalnum() and not char.isascii() for char in plain):
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        return f"{kept.strip('_')}_{digest}".strip("_")
    return kept
