"""One stack per state folder: a lock that the kernel takes back whatever ends its holder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FILE = "lock"


@contextmanager
def state_lock(state: Path) -> Iterator[bool]:
    """Hold the lock of this state folder; yields False when another process holds it."""
    descriptor = os.open(state / _FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
