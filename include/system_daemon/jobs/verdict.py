"""How one attempt at a job ended: a closed set, handled exhaustively by the consumer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from system_daemon.jobs.payload import Job


@dataclass(frozen=True, slots=True)
class Done:
    """The job was run, or there was nothing to do: it can be acknowledged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The attempt failed; another one may succeed."""

    exception: str
    """The class of error, for Resque's ``failed`` list."""
    reason: str
    """What happened, for logs and the ``failed`` list: it quotes nothing of the job."""
    down: bool = False
    """The target is at fault, not this job: any other job would have failed as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """The target asked for a pause; the attempt does not count."""

    seconds: float
    reason: str


Verdict = Done | Failed | Wait
DONE = Done()
Handler = Callable[[Job], Awaitable[Verdict]]
"""Runs one attempt and raises nothing but its own cancellation."""
