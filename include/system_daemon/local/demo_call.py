"""A call as the demo platform received it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class ReceivedCall:
    """One POST as it arrived; `at` and `ended_at` are seconds since 1970."""

    service: str
    at: float
    headers: dict[str, str]
    body: str
    # When the answer was ready or the caller had gone; None while it waits.
    ended_at: float | None = None
