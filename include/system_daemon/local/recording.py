"""How an adapter tells the stack which process it has just started."""

from __future__ import annotations

from collections.abc import Callable

from system_daemon.local.processes import ProcessIdentity

# Called with a component's name right after its process began, before it is ready.
Record = Callable[[str, ProcessIdentity], None]


def record_nothing(name: str, process: ProcessIdentity) -> None:
    """For callers that keep the adapter itself, such as tests."""
