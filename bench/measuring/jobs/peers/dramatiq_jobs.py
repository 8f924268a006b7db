"""dramatiq. `python dramatiq_jobs.py` puts the jobs; `dramatiq dramatiq_jobs` runs them."""

from __future__ import annotations

import os

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from posting import bodies, post

broker = RedisBroker(url=os.environ["BENCH_REDIS"])
dramatiq.set_broker(broker)
run = dramatiq.actor(post, actor_name="run")

if __name__ == "__main__":
    for job in bodies():
        run.send(*job)
