"""A consumer as php-resque's worker is one: LPOP, perform, count. Alone in a process."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from types import FrameType

import psycopg
import redis

from tests.experiments.ledger import INSERT, URL
from tests.experiments.producer import KEYS, QUEUE

_WORKER = f"php-host:{os.getpid()}:{QUEUE}"
_IDLE_S = 0.01


class _Stopped:
    asked = False

    def __call__(self, _signal: int, _frame: FrameType | None) -> None:
        self.asked = True


def _serve(url: str) -> int:
    """How many jobs it ran until it was asked to stop."""
    stopped, done = _Stopped(), 0
    signal.signal(signal.SIGTERM, stopped)
    client = redis.Redis.from_url(url)
    database = psycopg.connect(os.environ[URL], autocommit=True)
    client.sadd(KEYS.workers, _WORKER)
    while not stopped.asked:
        payload = client.lpop(KEYS.queue(QUEUE))
        if payload is None:
            time.sleep(_IDLE_S)
            continue
        job = json.loads(payload)
        working = json.dumps({"queue": QUEUE, "run_at": "now", "payload": job})
        client.set(f"{KEYS.namespace}worker:{_WORKER}", working)
        argument = job["args"][0]
        database.execute(INSERT, (argument["n"], os.getpid()))
        time.sleep(argument["pause"])
        client.incr(KEYS.stat_processed)
        client.delete(f"{KEYS.namespace}worker:{_WORKER}")
        done += 1
    client.srem(KEYS.workers, _WORKER)
    client.close()
    database.close()
    return done


if __name__ == "__main__":
    print(json.dumps({"done": _serve(sys.argv[1])}))
