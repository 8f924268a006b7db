"""The `work` process of a queue is killed while it runs jobs: none lost, few twice."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from tests.deployment import Deployment
from tests.experiments.findings import Findings
from tests.experiments.ledger import HANDLER, Ledger, judge, nothing_lost
from tests.experiments.producer import CLASS, QUEUE, Producer
from tests.waiting import wait_until

DAG = f"jobs__{QUEUE}"
CONCURRENCY = 8
PAUSE_S = 0.05
"""What a job takes: 160 a second at the most."""


@contextmanager
def serving(airflow: Deployment, **queue: object) -> Iterator[None]:
    """The queue is configured, then no more."""
    entry = {"name": QUEUE, "concurrency": CONCURRENCY} | queue
    routes = [{"job_class": CLASS, "handler": HANDLER, "timeout": 30}]
    airflow.write("background_jobs.json", json.dumps({"queues": [entry], "routes": routes}))
    wait_until(lambda: airflow.knows(DAG), timeout=90, description="the queue's DAG")
    try:
        yield
    finally:
        airflow.write("background_jobs.json", "{}")


def kill_the_workers(
    airflow: Deployment, producer: Producer, *, jobs: int, kills: int, seed: int, hurried: bool
) -> Findings:
    """Kill whoever runs jobs, again and again.

    Args:
        airflow: it serves the queue.
        producer: of jobs that take `PAUSE_S`.
        jobs: so many wait at the beginning.
        kills: so many, at moments that chance chooses.
        seed: of chance.
        hurried: a killed process counts as dead at once, not after a minute.
    """
    findings = Findings(experiment=f"the process `work` killed during {jobs} jobs", unit="kills")
    chance = random.Random(seed)
    ledger = Ledger(airflow.database_url)
    producer.put(jobs)
    killed: list[tuple[int, float]] = []
    with serving(airflow, linger=2):
        for _ in range(kills):
            ledger.more(chance.randint(10, 2 * int(0.8 * jobs / kills / 2)))
            pid = ledger.last().pid
            psutil.Process(pid).kill()
            killed.append((pid, time.time()))
            wait_until(lambda pid=pid: not _lives(pid), 10, "the end of the process")
            if hurried:
                producer.forget_the_dead()
        ledger.wait_for(jobs, timeout=180, because=lambda: f"left: {producer.left()}")
        wait_until(lambda: not producer.left(), timeout=120, description="an empty Redis")
    findings.count = len(killed)
    for _, moment in killed:
        after = ledger.first_after(moment)
        findings.recovery.append((after or time.time()) - moment)
    judged = judge(ledger.all(), range(jobs))
    nothing_lost(findings, judged)
    for pid, again in judged.by_pid.items():
        findings.expect(
            that=again <= CONCURRENCY and pid in {each for each, _ in killed},
            otherwise=f"{again} jobs of one process were run again, {CONCURRENCY} at once",
        )
    findings.notes.append(
        f"{CONCURRENCY} jobs at once; {len(judged.again)} jobs run twice in all, at most"
        f" {max(judged.by_pid.values(), default=0)} after one kill; {producer.failed()} buried"
    )
    return findings


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
