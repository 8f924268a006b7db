"""The platform's side: puts numbered jobs into Redis as php-resque does."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from system_daemon.jobs.keys import Keys

KEYS = Keys("resque:")
QUEUE = "clinic"
CLASS = "Record"
_SLICE_S = 0.05
_BATCH = 500


def payload(number: int, *, pause: float = 0.0) -> str:
    """A job whose handler takes `pause` seconds."""
    args = [{"n": number, "pause": pause}]
    return json.dumps({"class": CLASS, "args": args, "id": f"{number:032x}", "queue_time": 1.5})


class Producer:
    """Pushes jobs 0, 1, 2, ... and knows which ones Redis has confirmed."""

    def __init__(self, url: str, *, pause: float = 0.0) -> None:
        # A push that is repeated silently would be two jobs.
        self.client = redis.Redis.from_url(url, socket_timeout=5, retry=Retry(NoBackoff(), 0))
        self._pause = pause
        self.times: list[float] = []
        """When each job was sent, confirmed or not."""
        self.unsure: list[int] = []
        """Jobs without an answer: they may be in the queue, or not."""

    @property
    def pushed(self) -> int:
        """How many jobs were sent."""
        return len(self.times)

    def close(self) -> None:
        self.client.close()

    def put(self, count: int) -> None:
        """The next jobs, in few commands."""
        self.client.sadd(KEYS.queues, QUEUE)
        while count > 0:
            numbers = range(self.pushed, self.pushed + min(count, _BATCH))
            count -= len(numbers)
            self.times += [time.time()] * len(numbers)
            try:
                self.client.rpush(
                    KEYS.queue(QUEUE), *(payload(each, pause=self._pause) for each in numbers)
                )
            except RedisError:
                self.unsure += numbers

    @contextmanager
    def steadily(self, *, per_second: float) -> Iterator[None]:
        """Jobs arrive as long as this lasts, from a thread; a Redis that is away loses none."""
        stop = threading.Event()
        began, before = time.monotonic(), self.pushed

        def push() -> None:
            while not stop.wait(_SLICE_S):
                due = int((time.monotonic() - began) * per_second) - (self.pushed - before)
                if due > 0:
                    self._try_to_put(due)

        thread = threading.Thread(target=push, name="producer")
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _try_to_put(self, count: int) -> None:
        try:
            self.client.ping()
        except RedisError:
            return
        try:
            self.put(count)
        except RedisError:
            return  # SADD failed; no job was sent

    def waiting(self) -> int:
        """How many jobs wait."""
        return int(self.client.llen(KEYS.queue(QUEUE)))

    def failed(self) -> int:
        """How many jobs lie in the failed list."""
        return int(self.client.llen(KEYS.failed))

    def left(self) -> list[str]:
        """Keys that hold a job, or say that somebody works on one."""
        names = [key.decode() for key in self.client.scan_iter("resque:*")]
        kept = ("resque:queues", "resque:stat:", "resque:failed")
        return sorted(name for name in names if not name.startswith(kept))

    def forget_the_dead(self) -> int:
        """A minute passes for whoever does not live any more: its session has expired."""
        sessions = list(self.client.scan_iter(f"{KEYS.ours}consumer:*"))
        return int(self.client.delete(*sessions)) if sessions else 0
