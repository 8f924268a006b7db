"""The text of ``background_jobs.json``: queues stand or fall alone, routes stand together.

The routes are one ordered table. If one were left out, its jobs would fall through to a later
pattern, or be buried; so while any route is refused no queue is served, and the jobs wait in Redis.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from system_daemon.configuration.background_jobs import BackgroundJobs, Queue, Route
from system_daemon.configuration.clashes import clashes
from system_daemon.configuration.job_lint import warnings_about
from system_daemon.configuration.json_text import Members
from system_daemon.configuration.model import Model
from system_daemon.configuration.problems import Problem, Severity
from system_daemon.configuration.reading import Reading, got
from system_daemon.configuration.secrets import endpoint_secrets
from system_daemon.configuration.settings import Settings

_LISTS: dict[str, tuple[type[Model], str]] = {
    "queues": (Queue, "a queue"),
    "routes": (Route, "a route"),
}
WAITING = "until then no queue is served and the jobs wait in Redis"
_Entry = TypeVar("_Entry", bound=Model)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEntries:
    """What is valid in the file, and everything to say about the rest."""

    jobs: BackgroundJobs
    """Holds only valid queues; without any where ``unreadable``."""
    problems: tuple[Problem, ...]
    unreadable: bool = False
    """Something that all queues share is refused: none can be served."""


def read_background_jobs(data: bytes, *, file: str, settings: Settings | None = None) -> JobEntries:
    """Read the file's bytes; nothing an operator can write makes this raise."""
    reading = Reading(file)
    written = reading.members(
        data, expected='an object with "queues" and "routes"', consequence=f"; {WAITING}"
    )
    if written is None:
        return JobEntries(jobs=BackgroundJobs(), problems=tuple(reading.problems), unreadable=True)
    before = len(reading.problems)
    shared = reading.shared(BackgroundJobs, written, without=_LISTS, consequence=f"; {WAITING}")
    routes = _entries(Route, written, "routes", reading)
    sound = shared is not None and None not in routes and not _refused(reading, before)
    queues = _entries(Queue, written, "queues", reading)
    written_queues = written.get("queues")
    named = written_queues if isinstance(written_queues, list) else []
    for index, message in clashes(named, at=".queues", dag_prefix="jobs__"):
        reading.error(f".queues[{index}].name", message)
        queues[index] = None
    jobs = BackgroundJobs()
    if shared is not None and sound:
        jobs = shared.model_copy(
            update={
                "queues": tuple(queue for queue in queues if queue is not None),
                "routes": tuple(route for route in routes if route is not None),
            }
        )
        for where, message in warnings_about(jobs, settings or Settings()):
            reading.warning(where, message)
    return JobEntries(jobs=jobs, problems=tuple(reading.problems), unreadable=not sound)


def _refused(reading: Reading, since: int) -> bool:
    return any(found.severity is Severity.ERROR for found in reading.problems[since:])


def _entries(
    model: type[_Entry], written: Members, key: str, reading: Reading
) -> list[_Entry | None]:
    value = written.get(key, [])
    waiting = f"; {WAITING}" if model is Route else ""
    what = _LISTS[key][1]
    if not isinstance(value, list):
        reading.error(f".{key}", f"expected an array of {key}, got {got(value)}{waiting}")
        return [None] if model is Route else []
    entries: list[_Entry | None] = []
    for index, entry in enumerate(value):
        where = f".{key}[{index}]"
        if isinstance(entry, Members):
            own = Reading(reading.file)
            entries.append(own.model(model, entry, where, also=_secrets(entry, where)))
            reading.adopt(own, consequence=waiting)
            continue
        entries.append(None)
        reading.error(where, f"expected {what}, an object, got {got(entry)}{waiting}")
    return entries


def _secrets(written: Members, where: str) -> Iterator[tuple[str, str]]:
    remedy = 'put it into an Airflow connection and name that in "connection"'
    return endpoint_secrets(written, where, remedy=remedy)
