"""A consumer among the living, in our keys and as a Resque worker."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from redis.asyncio import Redis

from system_daemon.jobs import scripts
from system_daemon.jobs.keys import ConsumerKeys, Keys
from system_daemon.jobs.worker_record import php_date, worker_id

LIFE_S = 60
"""Seconds a consumer counts as alive after a beat."""
BEAT_S = 20
"""Seconds between beats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """One consumer of one queue. Methods raise redis-py's errors."""

    redis: Redis
    keys: Keys
    queue: str
    consumer: str
    mine: ConsumerKeys = field(init=False)
    worker: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "mine", self.keys.of_consumer(self.consumer, self.queue))
        object.__setattr__(self, "worker", worker_id(self.consumer, self.queue))

    async def beat(self, last_claim: str) -> None:
        """Live for another 60 seconds; a session that had expired learns the last claim."""
        await scripts.BEAT(
            self.redis,
            [
                self.mine.session,
                self.keys.consumers(self.queue),
                self.keys.workers,
                self.mine.started,
            ],
            [last_claim, LIFE_S, self.consumer, self.worker, php_date(time.time())],
        )

    async def remove(self, *, dead: bool) -> bool:
        """Leave nothing behind, if no job is claimed any more; ``dead``: only if it is."""
        return bool(
            await scripts.UNREGISTER(
                self.redis,
                [
                    self.mine.session,
                    self.mine.processing,
                    self.keys.consumers(self.queue),
                    self.keys.workers,
                    self.mine.worker,
                    self.mine.started,
                    self.mine.processed,
                    self.mine.failed,
                ],
                [self.consumer, self.worker, "dead" if dead else "stopped"],
            )
        )
