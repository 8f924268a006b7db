"""RQ. `python rq_jobs.py` puts the jobs; `rq worker-pool` runs them."""

from __future__ import annotations

import os

from posting import bodies, post
from redis import Redis
from rq import Queue

if __name__ == "__main__":
    queue = Queue(connection=Redis.from_url(os.environ["BENCH_REDIS"]))
    jobs = [Queue.prepare_data(post, args=job, result_ttl=0) for job in bodies()]
    for first in range(0, len(jobs), 1000):
        queue.enqueue_many(jobs[first : first + 1000])
