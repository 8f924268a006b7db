"""``maintenance.json``: what holds for all maintenance tasks, and where one of them differs."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from system_daemon.configuration.background_jobs import KeyPart
from system_daemon.configuration.model import Model
from system_daemon.configuration.values import (
    YEAR_S,
    ClockTime,
    ConnectionId,
    Name,
    Number,
    PathText,
    Seconds,
    Unrepeated,
    ZoneName,
)

_ROWS = "a whole number of rows from 1 to 1000000000"
Rows = Annotated[int, Field(ge=1, le=1_000_000_000)]
_BATCH = "a whole number of rows from 1 to 100000"
Batch = Annotated[int, Field(ge=1, le=100_000)]
_LAPSE = "a number of seconds from 1 to 31622400"
Lapse = Annotated[float, Field(ge=1, le=YEAR_S, allow_inf_nan=False), Number]
_WAIT = "a number of seconds from 0.001 to 3600"
Wait = Annotated[float, Field(ge=0.001, le=3600, allow_inf_nan=False), Number]
SCHEDULE_KEYS = ("frequency", "time")
"""A schedule is one of them (R23)."""


class Brake(Model):
    """When a destructive task stops before its first change."""

    max_rows: Annotated[Rows | None, Field(description=f"{_ROWS}, or null")] = 100_000
    """A run that would touch more rows than this stops; null: however many."""
    times_median: Annotated[
        Annotated[float, Field(ge=1, le=1_000_000, allow_inf_nan=False), Number] | None,
        Field(description="a number from 1 to 1000000, or null"),
    ] = 20
    """A run that would touch more than so many times the median of the last 30 stops; null: it
    is not compared."""


_ONE_SCHEDULE: JsonDict = {
    "not": {
        "required": list(SCHEDULE_KEYS),
        "properties": {"frequency": {"type": "number"}, "time": {"type": "string"}},
    }
}


class TaskEntry(Model):
    """A maintenance task where it differs from its defaults, or a task of the site's own."""

    model_config = ConfigDict(json_schema_extra=_ONE_SCHEDULE)

    name: Annotated[
        Name, Field(description="a maintenance task such as PURGE_DATABASE, or a name of your own")
    ]
    """Which task; a name that the daemon does not know makes a task of its own, with ``sql``."""
    description: Annotated[str, Field(max_length=10_000, description="a text")] = ""
    """What the task does, for those who read it in Airflow."""
    sql: Annotated[
        PathText | None, Field(description="the path of a .sql file, as seen from this folder")
    ] = None
    """The file with the task's statements; required for a task of the site's own."""
    frequency: Annotated[Lapse | None, Field(description=f"{_LAPSE}, or null")] = None
    """Seconds from the start of one run to the start of the next (R23)."""
    time: Annotated[
        ClockTime | None,
        Field(description="a time of day from 00:00 to 23:59:59 such as 01:00, or null"),
    ] = None
    """The time of day of one run a day (R23)."""
    timezone: Annotated[
        ZoneName | None, Field(description="an IANA time zone name such as Europe/Madrid")
    ] = None
    """The zone of ``time`` and of the task's calendar; absent: ``system_timezone``."""
    missed_run_grace: Annotated[
        Seconds | None, Field(description="a number of seconds from 0 to 31622400")
    ] = None
    """How late, in seconds, a daily run may start, where it differs from the settings (R45)."""
    destructive: Annotated[bool | None, Field(description="true or false")] = None
    """Whether the brake watches a task of the site's own; absent: false."""
    batch_size: Annotated[Batch | None, Field(description=_BATCH)] = None
    """Where it differs from the file's ``batch_size``."""
    max_rows: Annotated[Rows | None, Field(description=_ROWS)] = None
    """Where it differs from the file's ``max_rows``."""
    deadline: Annotated[Lapse | None, Field(description=_LAPSE)] = None
    """Where it differs from the file's ``deadline``."""
    lock_timeout: Annotated[Wait | None, Field(description=_WAIT)] = None
    """Where it differs from the file's ``lock_timeout``."""
    statement_timeout: Annotated[Wait | None, Field(description=_WAIT)] = None
    """Where it differs from the file's ``statement_timeout``."""
    brake: Annotated[Brake | None, Field(description='an object such as {"max_rows": 100000}')] = (
        None
    )
    """Where it differs from the file's ``brake``, each limit for itself."""

    @model_validator(mode="after")
    def _has_one_schedule(self) -> TaskEntry:
        if self.frequency is not None and self.time is not None:
            raise PydanticCustomError(
                "whole", 'expected "frequency" or "time", got both; remove one, or make it null'
            )
        return self


class Maintenance(Model):
    """The whole file."""

    connection: Annotated[
        ConnectionId, Unrepeated(), Field(description="an Airflow connection id")
    ] = "system_daemon_postgres"
    """The Airflow connection of the platform's PostgreSQL."""
    pool: Annotated[
        Name, Field(description="the name of an Airflow pool such as system_daemon")
    ] = "system_daemon"
    """The Airflow pool that bounds how many tasks work at once; it must exist."""
    sql_directory: Annotated[
        PathText | None, Field(description="the path of a folder, as seen from this folder")
    ] = None
    """Where the tasks' .sql files are; absent: those of the package."""
    max_inactive_session_time: Annotated[Lapse | None, Field(description=_LAPSE)] = None
    """Seconds after which EXPIRED_SESSIONS removes a session that nobody uses; it has no default,
    and without it that task does not exist (R20)."""
    notification_queue: Annotated[
        KeyPart,
        Field(description="a queue's name: 1 to 150 characters without spaces, *, ?, [, ] and \\"),
    ] = "default"
    """The Resque queue of the jobs that send notifications."""
    batch_size: Annotated[Batch, Field(description=_BATCH)] = 2_500
    """Rows of one batch, which is one short transaction."""
    max_rows: Annotated[Rows, Field(description=_ROWS)] = 2_000_000
    """Rows after which a run stops; the next one goes on."""
    deadline: Annotated[Lapse, Field(description=_LAPSE)] = 3600
    """Seconds after which a run begins no further batch; the next one goes on."""
    lock_timeout: Annotated[Wait, Field(description=_WAIT)] = 1
    """Seconds that a statement waits for a lock."""
    statement_timeout: Annotated[Wait, Field(description=_WAIT)] = 60
    """Seconds that a statement may take."""
    brake: Annotated[Brake, Field(description='an object such as {"max_rows": 100000}')] = Brake()
    """When a destructive task stops before its first change, and fails."""
    tasks: Annotated[
        tuple[TaskEntry, ...],
        Field(
            strict=False,
            description='an array of tasks such as [{"name": "PURGE_DATABASE", "time": "02:00"}]',
        ),
    ] = ()
    """Where tasks differ from their defaults, and tasks of the site's own. Tasks that are not
    listed keep their defaults (R24)."""
