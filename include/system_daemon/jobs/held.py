"""The jobs that one consumer holds, and which of them resque-web shows as its current one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from system_daemon.jobs.payload import Job
from system_daemon.jobs.worker_record import working_packet


class HeldJobs:
    """In the order of their claims; Redis alone knows whether they are still its own."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._shown = ""

    def add(self, jobs: Iterable[Job]) -> None:
        """They were claimed, or have a new payload."""
        self._jobs.update((job.token, job) for job in jobs)

    def remove(self, jobs: Sequence[Job]) -> None:
        """They ended, here or elsewhere."""
        for job in jobs:
            self._jobs.pop(job.token, None)

    def next_shown(self, now: float) -> tuple[bytes, str]:
        """The packet of the longest held job, and its token; empty while the shown one is held."""
        if not self._jobs or self._shown in self._jobs:
            return b"", ""
        self._shown, job = next(iter(self._jobs.items()))
        return working_packet(job.queue, job.with_id(), now), self._shown
