"""What is found about a deployment, in the form of every other problem."""

from __future__ import annotations

from system_daemon.configuration.problems import Problem, Severity

PLACE = "deployment"
"""Stands where a problem of the configuration names its file."""


def error(where: str, message: str) -> Problem:
    """Something that makes tasks fail or wait for ever."""
    return Problem(severity=Severity.ERROR, file=PLACE, where=where, message=message)


def warning(where: str, message: str) -> Problem:
    """Something that cannot be seen from this component, or looks odd."""
    return Problem(severity=Severity.WARNING, file=PLACE, where=where, message=message)
