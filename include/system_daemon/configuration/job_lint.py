"""Warnings about background jobs: what loads, but perhaps does not do what its writer thinks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from system_daemon.configuration.background_jobs import BackgroundJobs, Route
from system_daemon.configuration.problems import shown
from system_daemon.configuration.settings import Settings

_ONLY_WITH = {
    "params": ("dag",),
    "connection": ("endpoint",),
    "timeout": ("endpoint", "handler"),
}
_FILLERS = ("", "x", "Zz", "9_")


def warnings_about(jobs: BackgroundJobs, settings: Settings) -> Iterator[tuple[str, str]]:
    """Pairs of JSON path and sentence."""
    if not jobs.queues:
        yield ".queues", "expected a queue, got none; no job is run"
    elif not jobs.routes:
        yield ".routes", "expected a route, got none; every job is buried"
    for index, route in enumerate(jobs.routes):
        where = f".routes[{index}]"
        if (earlier := _shadow(jobs.routes[:index], route.job_class)) is not None:
            yield (
                f"{where}.job_class",
                f"expected a class that no earlier route takes, got {shown(route.job_class)}, which"
                f" always goes to .routes[{earlier}] ({shown(jobs.routes[earlier].job_class)});"
                " put it before that one",
            )
        yield from ((where + at, message) for at, message in _about(route, settings))


def _about(route: Route, settings: Settings) -> Iterator[tuple[str, str]]:
    for key, targets in _ONLY_WITH.items():
        if key in route.model_fields_set and all(getattr(route, it) is None for it in targets):
            places = " or ".join(f'"{target}"' for target in targets)
            yield f".{key}", f"expected {key} only with {places}, got it where it has no effect"
    if route.endpoint is None or settings.allowed_hosts is None:
        return
    host = (urlsplit(route.endpoint).hostname or "").rstrip(".")
    if host not in {name.lower() for name in settings.allowed_hosts}:
        yield (
            ".endpoint",
            f"expected one of the allowed_hosts in settings.json, got {shown(host)}; until it is"
            " added there, every attempt fails without being sent",
        )


def _shadow(earlier: Sequence[Route], job_class: str) -> int | None:
    """The earlier route that takes every class which this one could."""
    samples = _samples(job_class)
    for index, route in enumerate(earlier):
        if route.job_class == job_class or all(
            fnmatchcase(sample, route.job_class) for sample in samples
        ):
            return index
    return None


def _samples(job_class: str) -> list[str]:
    """Classes of every kind that a pattern matches; an exact class is its own only sample."""
    found = []
    for filler in _FILLERS:
        sample = job_class.replace("*", filler).replace("?", (filler or "q")[0])
        sample = re.sub(r"\[!?(.)[^\]]*\]", r"\1", sample)
        if fnmatchcase(sample, job_class):
            found.append(sample)
    return found or [job_class]
