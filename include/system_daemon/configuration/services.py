"""One entry of ``external_services.json``: the seed document's keys, and three optional more."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from datetime import time
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from system_daemon.configuration.model import Model
from system_daemon.configuration.settings import LockPolicy, Settings
from system_daemon.configuration.values import (
    ClockTime,
    ConnectionId,
    Endpoint,
    Name,
    Number,
    Seconds,
    Unrepeated,
    ZoneName,
)

SINCE = (2, 7, 26)
"""The API version that introduced external services (R22)."""
DEFAULT_TIMEOUT_S = 300
DEFAULT_INTERVAL_S = 300
LONGEST_TIMEOUT_S = 7 * 24 * 3600
_LONGEST_SLUG = 200
"""Airflow allows 250 characters in a DAG id; some letters unfold into eighteen."""

_INTERVAL = "a number of seconds from 0 to 31622400"
Interval = Annotated[Seconds, Field(description=_INTERVAL)]


class Intervals(Model):
    """Seconds from the end of one execution to the next, by its outcome (R42)."""

    on_timeout: Interval = DEFAULT_INTERVAL_S
    """The wait after an execution that gave no whole answer in time."""
    on_idle: Interval = DEFAULT_INTERVAL_S
    """The wait after an execution that had nothing to do."""
    on_success: Interval = DEFAULT_INTERVAL_S
    """The wait after an execution that did its work."""
    on_error: Interval = DEFAULT_INTERVAL_S
    """The wait after an execution that failed."""


_DAILY_NEEDS_A_TIME: JsonDict = {
    "if": {"properties": {"period": {"const": "daily"}}, "required": ["period"]},
    "then": {"properties": {"time": {"type": "string"}}, "required": ["time"]},
}


class ExecutionPlan(Model):
    """When a service is executed: once a day at a time, or an interval after its last execution."""

    model_config = ConfigDict(json_schema_extra=_DAILY_NEEDS_A_TIME)

    period: Annotated[Literal["daily", "interval"], Field(description='one of "daily", "interval"')]
    """``daily``: once a day at ``time``; ``interval``: ``intervals`` after each execution (R39)."""
    timezone: Annotated[
        ZoneName | None, Field(description="an IANA time zone name such as Europe/Madrid")
    ] = None
    """The zone of ``time``; only with ``daily``, else without effect (R40)."""
    time: Annotated[
        ClockTime | None,
        Field(description="a time of day from 00:00 to 23:59:59 such as 15:57"),
    ] = None
    """The time of day; only with ``daily``, and required there (R41)."""
    intervals: Annotated[
        Intervals, Field(description='an object of intervals such as {"on_success": 10}')
    ] = Intervals()
    """The waits between executions; only with ``interval``, else without effect (R42)."""

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
    """The name in logs and, as ``service__<name>``, in Airflow; unique among all services (R33)."""
    description: Annotated[str, Field(max_length=10_000, description="a text")] = ""
    """What the service does, for those who read it in Airflow (R34)."""
    endpoint: Annotated[
        Endpoint,
        Field(description="a complete http or https URL such as https://his.example/import"),
    ]
    """The URL that is called, with one POST an execution (R34)."""
    parameters: Annotated[
        dict[str, Any], Unrepeated(), Field(description="an object, the body of the POST")
    ] = Field(default_factory=dict)
    """The body of the POST, sent exactly as it stands here (R35)."""
    timeout: Annotated[
        Annotated[float, Field(gt=0, le=LONGEST_TIMEOUT_S, allow_inf_nan=False), Number],
        Field(description="a number of seconds above 0, up to 604800"),
    ] = DEFAULT_TIMEOUT_S
    """Wall-clock seconds of the whole call (R36)."""
    allow_concurrency: Annotated[bool, Field(description="true or false")] = False
    """Whether a call holds the lock between deployments, as the lock policy reads it (R37):
    ``documented`` locks when this is true, ``by_name`` when it is false, ``always`` in any case."""
    execution_plan: Annotated[
        ExecutionPlan,
        Field(description='an object such as {"period": "daily", "time": "15:57"}'),
    ]
    """When the service is executed (R39)."""
    connection: Annotated[
        ConnectionId | None, Unrepeated(), Field(description="an Airflow connection id")
    ] = None
    """The Airflow HTTP connection with this service's authentication, headers and TLS."""
    lock_policy: Annotated[
        LockPolicy | None, Field(description='one of "documented", "by_name", "always"')
    ] = None
    """Where this entry differs from the settings' lock policy (R37)."""
    missed_run_grace: Annotated[
        Seconds | None, Field(description="a number of seconds from 0 to 31622400")
    ] = None
    """How late, in seconds, a daily run may start, where it differs from the settings (R45)."""
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
    lost, or the id would be longer than Airflow allows, a short digest of the name keeps it unique
    and stable.
    """
    folded = unicodedata.normalize("NFKD", name)
    plain = "".join(char for char in folded if not unicodedata.combining(char))
    kept = re.sub(r"[^A-Za-z0-9_.-]", "_", plain)
    lost = any(char.isalnum() and not char.isascii() for char in plain)
    if lost or len(kept) > _LONGEST_SLUG:
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        return f"{kept[: _LONGEST_SLUG - 9].strip('_')}_{digest}".strip("_")
    return kept
