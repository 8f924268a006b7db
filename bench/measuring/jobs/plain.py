"""Plain Airflow beside ours: one mapped task per job."""

from __future__ import annotations

import shutil
from pathlib import Path

from measuring.jobs.run import Run, measure
from measuring.jobs.target import Target
from measuring.surroundings import Surroundings, leaders
from tests.waiting import wait_until

_PROJECT = Path(__file__).with_name("plain_airflow")
AT_ONCE = 8
"""Task processes; more of them on two cores are slower."""


def run(surroundings: Surroundings, target: Target, jobs: int, delay: int) -> Run:
    """So many jobs as one run; the CPU time is that of all Airflow processes."""
    project = surroundings.folder / "plain-jobs"
    shutil.copytree(_PROJECT, project)
    for folder in ("plugins", "include"):
        (project / folder).mkdir()
    target.forget()
    environment = {
        "AIRFLOW__CORE__PARALLELISM": str(AT_ONCE),
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "5",
        "BENCH_TARGET": target.url,
        "BENCH_JOBS": str(jobs),
        "BENCH_DELAY": str(delay),
    }
    with surroundings.deployment(project=project, environment=environment) as deployment:
        wait_until(lambda: deployment.knows("plain_jobs"), timeout=120, description="the DAG")
        deployment.trigger_dag("plain_jobs")
        return measure(target, jobs, delay, lambda: leaders(deployment), timeout=60 + jobs)
