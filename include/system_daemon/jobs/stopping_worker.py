"""Whether the Celery worker around a task was asked to stop.

On a stop only the worker itself gets a signal, and then waits for its tasks; a shift on a busy
queue would not end, and be killed. So the worker tells the tasks below it, through one byte of
memory that is shared by all processes which were forked since this module was imported.
"""

from __future__ import annotations

import mmap

_TOLD = mmap.mmap(-1, 1)
"""Zeroes at first; shared, because it is mapped from no file."""


def tell() -> None:
    """Say it to every process below; may be called in a signal's handler."""
    _TOLD[0] = 1


def told() -> bool:
    """Whether a process above has said it."""
    return _TOLD[0] != 0
