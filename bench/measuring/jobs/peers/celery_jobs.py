"""Celery. `python celery_jobs.py` puts the jobs; `celery -A celery_jobs worker` runs them."""

from __future__ import annotations

import os

from celery import Celery
from posting import bodies, post

app = Celery("celery_jobs", broker=os.environ["BENCH_REDIS"])
app.conf.update(
    task_ignore_result=True,
    worker_disable_rate_limits=True,
    worker_prefetch_multiplier=int(os.environ.get("BENCH_PREFETCH", "4")),
    broker_pool_limit=None,
)
run = app.task(post, name="run")

if __name__ == "__main__":
    with app.producer_pool.acquire(block=True) as producer:
        for job in bodies():
            app.send_task("run", args=job, producer=producer)
