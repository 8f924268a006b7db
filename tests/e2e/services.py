"""Entries of the configuration, short."""

from __future__ import annotations

from typing import Any

INTERVALS = {"on_success": 2, "on_idle": 3, "on_error": 4, "on_timeout": 5}
NEVER_AGAIN = dict.fromkeys(INTERVALS, 3600)


def service(name: str, *, intervals: dict[str, float] | None = None, **keys: Any) -> dict[str, Any]:
    """A service on the demo platform that is called a few seconds after each run."""
    return {
        "name": name,
        "endpoint": f"http://demo.localhost/{name}",
        "timeout": 5,
        "execution_plan": {"period": "interval", "intervals": intervals or INTERVALS},
    } | keys
