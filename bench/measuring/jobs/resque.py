"""The platform's side: puts jobs into Redis as php-resque does."""

from __future__ import annotations

import json
import time

import redis

_PREFIX = "resque:"


class Resque:
    """Producer of the measured jobs, and what Resque counts of them."""

    def __init__(self, url: str) -> None:
        self.client = redis.Redis.from_url(url)

    def forget(self) -> None:
        """Empty the whole database."""
        self.client.flushall()

    def put(self, queue: str, jobs: int, *, first: int = 0) -> float:
        """Put so many jobs at once; the moment."""
        payloads = [_payload(queue, number) for number in range(first, first + jobs)]
        self.client.sadd(f"{_PREFIX}queues", queue)
        now = time.time()
        self.client.rpush(f"{_PREFIX}queue:{queue}", *payloads)
        return now

    def waiting(self, queue: str) -> int:
        """How many jobs wait."""
        return int(self.client.llen(f"{_PREFIX}queue:{queue}"))  # type: ignore[arg-type]

    def processed(self) -> int:
        """How many jobs were acknowledged."""
        return int(self.client.get(f"{_PREFIX}stat:processed") or 0)  # type: ignore[arg-type]

    def worker_pids(self) -> list[int]:
        """The processes that serve a queue now."""
        workers = self.client.smembers(f"{_PREFIX}workers")
        return [int(worker.split(b":")[1]) for worker in workers]  # type: ignore[union-attr]


def _payload(queue: str, number: int) -> str:
    """A job whose POST has 300 bytes; the class is the queue's name."""
    job_id = f"{number:032x}"
    posted = {"id": job_id, "class": queue, "args": [{"number": "N" * 9, "fill": ""}]}
    frame = json.dumps({**posted, "queue": queue, "attempt": 1}, separators=(",", ":"))
    fill = "x" * (300 - len(frame) + 2)
    text = f'"number":{number:09}' if number >= 10**8 else f'"number":{number + 10**8}'
    args = f'[{{{text},"fill":"{fill}"}}]'
    return f'{{"class":"{queue}","args":{args},"id":"{job_id}","queue_time":1.5}}'
