"""The jobs of `bench/jobs.py` as plain Airflow runs them: one mapped task each."""

from __future__ import annotations

import os

import requests
from airflow.sdk import dag, task


@dag(schedule=None, catchup=False, max_active_tasks=64)
def plain_jobs():
    """One run; its tasks are the jobs."""

    @task
    def post(number: int) -> None:
        """Send the body; whatever is not 200 is an error."""
        head = f'{{"number":{number:09},"fill":"'
        requests.post(
            f"{os.environ['BENCH_TARGET']}/{os.environ['BENCH_DELAY']}",
            data=f'{head}{"x" * (300 - len(head) - 2)}"}}',
            headers={"Content-Type": "application/json"},
            timeout=30,
        ).raise_for_status()

    post.expand(number=list(range(int(os.environ["BENCH_JOBS"]))))


plain_jobs()
