"""``background_jobs.json``: which Resque queues are served, and where each class of job goes."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict
from pydantic.functional_validators import AfterValidator
from pydantic_core import PydanticCustomError

from system_daemon.configuration.model import Model
from system_daemon.configuration.services import (
    DEFAULT_TIMEOUT_S,
    LONGEST_TIMEOUT_S,
    slug,
)
from system_daemon.configuration.values import (
    YEAR_S,
    ConnectionId,
    Endpoint,
    Number,
    Seconds,
    Unrepeated,
    pattern,
)

TARGETS = ("endpoint", "handler", "dag")
"""A route has exactly one of them."""


def _matching(regex: str) -> AfterValidator:
    def check(text: str) -> str:
        if not re.fullmatch(regex, text):
            raise ValueError
        return text

    return AfterValidator(check)


_KEY_PART = r"[^\s*?\[\]\\]{1,150}"
"""A part of a Redis key: no spaces, and nothing that KEYS or SCAN would read as a pattern."""
_HANDLER = r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*"
_DAG_ID = r"[A-Za-z0-9_.-]{1,250}"
_SOURCE = r"id|class|queue|args(\[[0-9]{1,4}\]|\.[A-Za-z_][\w-]*)*\??"
_CLASS = r"\S(.*\S)?"

KeyPart = Annotated[str, _matching(_KEY_PART), pattern(f"^{_KEY_PART}$")]


class Queue(Model):
    """A Resque queue; it becomes the Airflow DAG jobs__<name>."""

    name: Annotated[
        KeyPart,
        Field(description="a queue's name: 1 to 150 characters without spaces, *, ?, [, ] and \\"),
    ]
    """The queue's name in Resque; unique."""
    workers: Annotated[int, Field(ge=1, le=100, description="a whole number from 1 to 100")] = 1
    """How many processes serve the queue at once (COUNT in php-resque)."""
    concurrency: Annotated[
        int, Field(ge=1, le=1000, description="a whole number from 1 to 1000")
    ] = 1
    """How many jobs each process runs at once; 1 with one worker keeps the order of the queue."""
    linger: Annotated[Seconds, Field(description="a number of seconds from 0 to 31622400")] = 30
    """How long a process waits for another job after the last one, ready to run it at once."""
    poll_interval: Annotated[
        Annotated[float, Field(ge=0.1, le=3600, allow_inf_nan=False), Number],
        Field(description="a number of seconds from 0.1 to 3600"),
    ] = 1
    """How often an idle queue is looked at, in seconds (R9)."""
    max_shift: Annotated[
        Annotated[float, Field(ge=60, le=86400, allow_inf_nan=False), Number],
        Field(description="a number of seconds from 60 to 86400"),
    ] = 1800
    """After how many seconds a process makes room for a new one, which has newly read handlers and
    connections; it ends between two jobs and cuts none off."""
    max_attempts: Annotated[int, Field(ge=1, le=20, description="a whole number from 1 to 20")] = 3
    """How many times in quick succession a job is tried before it gets a DAG run of its own."""
    max_interruptions: Annotated[
        int, Field(ge=1, le=100, description="a whole number from 1 to 100")
    ] = 3
    """How many times a job may lose its process before it is buried as the probable cause."""

    @property
    def dag_id(self) -> str:
        """``jobs__`` and the name in the letters that Airflow allows in an id."""
        return f"jobs__{slug(self.name)}"


_ONE_TARGET: JsonDict = {"oneOf": [{"required": [target]} for target in TARGETS]}


class Route(Model):
    """Where the jobs of a class go: to an endpoint, to a handler or to a DAG."""

    model_config = ConfigDict(json_schema_extra=_ONE_TARGET)

    job_class: Annotated[
        str,
        Field(
            min_length=1,
            max_length=300,
            description="a job's class such as SendNotification, or a pattern such as Import*",
        ),
        _matching(_CLASS),
        pattern(f"^{_CLASS}$"),
    ]
    """The class exactly as it stands in the job, or a pattern with *, ? and [...]; the first route
    that matches counts."""
    endpoint: Annotated[
        Endpoint | None,
        Unrepeated(),
        Field(description="a complete http or https URL such as https://api.example/jobs"),
    ] = None
    """The URL to which each job is posted; its answers are those of an external service."""
    handler: Annotated[
        Annotated[str, _matching(_HANDLER), pattern(f"^{_HANDLER}$")] | None,
        Field(description="module:function such as my_clinic.jobs:send_letter"),
    ] = None
    """The `async def` that runs each job, called with the job and its context."""
    dag: Annotated[
        Annotated[str, _matching(_DAG_ID), pattern(f"^{_DAG_ID}$")] | None,
        Field(description="an Airflow DAG id"),
    ] = None
    """The DAG of which each job becomes a run."""
    params: Annotated[
        dict[str, Annotated[str, _matching(_SOURCE), pattern(f"^({_SOURCE})$")]],
        Field(
            description='an object such as {"patient": "args[0].patient_id"} of id, class, queue,'
            " args or a path into args"
        ),
    ] = Field(default_factory=dict)
    """Only with `dag`: which part of the job becomes which param of the run; a path that ends with
    ? may lead nowhere, and the param keeps its default. What is named here leaves Redis and is kept
    in Airflow's database."""
    connection: Annotated[
        ConnectionId | None, Unrepeated(), Field(description="an Airflow connection id")
    ] = None
    """Only with `endpoint`: the Airflow HTTP connection with authentication, headers and TLS."""
    timeout: Annotated[
        Annotated[float, Field(gt=0, le=LONGEST_TIMEOUT_S, allow_inf_nan=False), Number],
        Field(description="a number of seconds above 0, up to 604800"),
    ] = DEFAULT_TIMEOUT_S
    """Only with `endpoint` and `handler`: wall-clock seconds of one attempt."""
    run: Annotated[Literal["dag"] | None, Field(description='"dag"')] = None
    """`dag`: each job gets a DAG run of its own at once, instead of only when it fails."""

    @model_validator(mode="after")
    def _has_one_target(self) -> Route:
        named = [target for target in TARGETS if getattr(self, target) is not None]
        if len(named) != 1:
            got = " and ".join(f'"{target}"' for target in named) or "none of them"
            raise PydanticCustomError(
                "whole",
                'expected exactly one of "endpoint", "handler" and "dag", got {got}',
                {"got": got},
            )
        return self

    @property
    def target(self) -> str:
        """What the route leads to, in words for logs; an endpoint's query is left out."""
        if self.endpoint is not None:
            return self.endpoint.split("?", maxsplit=1)[0]
        return self.handler or f"the DAG {self.dag}"


class Notifications(Model):
    """Through which Airflow connections the shipped handler sends."""

    email: Annotated[ConnectionId, Unrepeated(), Field(description="an Airflow connection id")] = (
        "system_daemon_email"
    )
    """The SMTP connection; its `from_email` is the sender."""
    sms: Annotated[ConnectionId, Unrepeated(), Field(description="an Airflow connection id")] = (
        "system_daemon_sms"
    )
    """The HTTP connection of the SMS gateway: host, schema and path make its URL."""
    push: Annotated[ConnectionId, Unrepeated(), Field(description="an Airflow connection id")] = (
        "system_daemon_push"
    )
    """The HTTP connection of the push gateway."""
    remembered_for: Annotated[
        Annotated[float, Field(ge=3600, le=YEAR_S, allow_inf_nan=False), Number],
        Field(description="a number of seconds from 3600 to 31622400"),
    ] = 30 * 24 * 3600
    """How long a notification's id is kept, in which it is not sent a second time."""


class BackgroundJobs(Model):
    """The whole file."""

    redis_connection: Annotated[
        ConnectionId, Unrepeated(), Field(description="an Airflow connection id")
    ] = "system_daemon_redis"
    """The Airflow connection of the Redis into which the platform puts its jobs."""
    namespace: Annotated[
        KeyPart,
        Field(description="a prefix of Redis keys such as resque, without spaces, *, ?, [, ], \\"),
    ] = "resque"
    """What stands before every key of Resque, with or without a colon at its end (PREFIX)."""
    queues: Annotated[
        tuple[Queue, ...],
        Field(strict=False, description='an array of queues such as [{"name": "default"}]'),
    ] = ()
    """The queues that are served."""
    routes: Annotated[
        tuple[Route, ...],
        Field(
            strict=False,
            description='an array of routes such as [{"job_class": "Import*", "endpoint": "https://..."}]',
        ),
    ] = ()
    """Where each class of job goes; the first route that matches counts."""
    notifications: Annotated[
        Notifications, Field(description='an object such as {"email": "system_daemon_email"}')
    ] = Notifications()
    """How the shipped handler send_notification sends."""

    def queue(self, name: str) -> Queue | None:
        """The queue of that name."""
        return next((queue for queue in self.queues if queue.name == name), None)
