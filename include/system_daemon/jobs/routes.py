"""Which route a class of job takes, and what a DAG gets to know of the job."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from system_daemon.configuration.background_jobs import Route
from system_daemon.configuration.problems import shown
from system_daemon.jobs.payload import Job
from system_daemon.jobs.verdict import SafeError

_REMEMBERED = 1000
"""Classes whose route is kept at hand; a platform has a few dozen."""
OPTIONAL = "?"
"""Ends the path of an argument that a job may lack."""
_STEP = re.compile(r"\[(\d+)\]|\.([^.\[]+)")


class NoSuchArgumentError(SafeError):
    """The job has no such argument; the text names the path, never a value."""


class Routes:
    """The configured routes in their order."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = tuple(routes)
        self._known: dict[str, Route | None] = {}

    def find(self, job_class: str) -> Route | None:
        """The first route that matches the class."""
        try:
            return self._known[job_class]
        except KeyError:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[job_class] = self._first(job_class)
            return found

    def _first(self, job_class: str) -> Route | None:
        for route in self._routes:
            if route.job_class == job_class or fnmatchcase(job_class, route.job_class):
                return route
        return None


def missing(job_class: str) -> str:
    """Which entry to add for a class without a route."""
    return (
        f"expected a route for the class {shown(job_class)}, got none; add"
        f' {{"job_class": {shown(job_class)}, "endpoint": "https://..."}} (or "handler", or "dag")'
        ' to "routes" in background_jobs.json, then retry the job'
    )


def dag_params(route: Route, job: Job) -> dict[str, object]:
    """The params of the run that a ``dag`` route starts.

    Raises:
        NoSuchArgumentError: the route names an argument that the job lacks.
    """
    found = {}
    for name, source in route.params.items():
        try:
            found[name] = _part(source.removesuffix(OPTIONAL), job)
        except NoSuchArgumentError:
            if not source.endswith(OPTIONAL):
                raise
    return found


def _part(source: str, job: Job) -> object:
    match source:
        case "id":
            return job.id
        case "class":
            return job.job_class
        case "queue":
            return job.queue
    value: object = job.args
    for step in _STEP.finditer(source):
        index, key = step[1], step[2]
        if index is not None and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        elif key is not None and isinstance(value, dict) and key in value:
            value = value[key]
        else:
            raise NoSuchArgumentError(f"expected {source} in the job, got no {step[0]} there")
    return value
