"""Statuses that may come after their job ended: producers set them after they pushed the job."""

from __future__ import annotations

import time
from collections import deque

from system_daemon.jobs.status import Code

_WAIT_S = 1.0
"""Seconds after a job's end when its status is looked at once more."""
_BATCH = 1000


class LateStatuses:
    """Keys to look at once more, and the code each should have."""

    def __init__(self) -> None:
        self._expected: deque[tuple[float, str, Code]] = deque()
        self._at_once = False

    def expect(self, key: str, code: Code) -> None:
        """Look at the key again in a while."""
        self._expected.append((time.monotonic() + _WAIT_S, key, code))

    def due(self, *, at_once: bool = False) -> bool:
        """Whether there is a key to look at; all of them at once when nothing comes after."""
        self._at_once = self._at_once or at_once
        return bool(self._expected) and (at_once or self._expected[0][0] <= time.monotonic())

    def take(self) -> list[tuple[str, Code]]:
        """The keys to look at now."""
        now = time.monotonic()
        taken: list[tuple[str, Code]] = []
        while (
            self._expected
            and len(taken) < _BATCH
            and (self._at_once or self._expected[0][0] <= now)
        ):
            _, key, code = self._expected.popleft()
            taken.append((key, code))
        return taken

    def put_back(self, taken: list[tuple[str, Code]]) -> None:
        """They could not be looked at; they are due still."""
        self._expected.extendleft((0.0, key, code) for key, code in reversed(taken))
