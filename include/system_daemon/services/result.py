"""How a call, or an attempt to make one, ended."""

from __future__ import annotations

from dataclasses import dataclass

from system_daemon.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The end of one call. Holds no body, no parameters and no secret; every text is one line."""

    outcome: Outcome
    """One of the closed set (R28, R36, R38)."""
    message: str
    """What the service said, or a sentence on what went wrong; cleaned and capped (R29)."""
    details: tuple[str, ...] = ()
    """The lines of ``error_details``, cleaned and capped (R30)."""
    http_status: int | None = None
    """The status of the HTTP answer; None when none came."""
    duration_ms: int = 0
    """Milliseconds of wall clock from the start of the call to its end; 0 when nothing was sent."""
    retry_after: float | None = None
    """Seconds until it is worth trying again; only with ``locked`` (R38)."""
