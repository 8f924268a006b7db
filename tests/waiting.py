"""Tests wait for conditions; they never sleep for a guessed time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.01, 0.25
_Found = TypeVar("_Found")


def wait_until(predicate: Callable[[], _Found], timeout: float, description: str) -> _Found:
    """The first true value of `predicate()`; fails after `timeout` seconds, naming what lacked."""
    deadline = time.monotonic() + timeout
    pause = _SHORTEST_PAUSE_SECONDS
    while not (found := predicate()):
        if time.monotonic() > deadline:
            message = f"not within {timeout:g} s: {description}"
            raise AssertionError(message)
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)
    return found
