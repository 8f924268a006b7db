"""Wait for a condition, and notice at once when the process that should fulfil it is gone."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from system_daemon.local.failure import StackError, log_tail
from system_daemon.local.processes import ProcessIdentity, is_alive, stop

_PAUSE_SECONDS = 0.05


def wait_until_ready(
    name: str,
    process: ProcessIdentity,
    ready: Callable[[], bool],
    *,
    log: Path,
    timeout: float,
) -> None:
    """Return as soon as `ready()` holds.

    Raises StackError, with the end of the log, when the process ends first or `timeout` seconds
    pass; then the process is gone.
    """
    try:
        _wait(name, process, ready, log=log, timeout=timeout)
    except BaseException:
        stop(process)
        raise


def _wait(
    name: str,
    process: ProcessIdentity,
    ready: Callable[[], bool],
    *,
    log: Path,
    timeout: float,
) -> None:
    deadline = time.monotonic() + timeout
    while not ready():
        if not is_alive(process):
            raise StackError(f"{name} ended while it was starting:\n{log_tail(log)}", log=log)
        if time.monotonic() > deadline:
            raise StackError(
                f"{name} was not ready within {timeout:g} s:\n{log_tail(log)}", log=log
            )
        time.sleep(_PAUSE_SECONDS)
