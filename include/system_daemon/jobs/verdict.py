"""How one attempt at a job ended: a closed set, handled exhaustively by the consumer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from system_daemon.jobs.payload import Job

SHORTEST_WAIT_S, LONGEST_WAIT_S = 1.0, 3600.0


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

    @property
    def pause(self) -> float:
        """Seconds to wait: one at least, so that nothing asks in a hot loop; an hour at most."""
        return max(SHORTEST_WAIT_S, min(self.seconds, LONGEST_WAIT_S))


class SafeError(Exception):
    """An error whose text holds no value of a job: it may be told."""


def told(error: Exception) -> str:
    """What may be said of an error: its text if that is safe, else its class."""
    return str(error) if isinstance(error, SafeError) else type(error).__name__


def unexpected(error: Exception) -> Failed:
    """The end of an attempt that broke where nothing was to break."""
    kind = type(error).__name__
    return Failed(exception=kind, reason=f"the attempt ended in an unexpected {kind}")


Verdict = Done | Failed | Wait
DONE = Done()
Handler = Callable[[Job], Awaitable[Verdict]]
"""Runs one attempt and raises nothing but its own cancellation."""
