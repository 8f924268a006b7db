"""Jobs arrive all the time while the triggerer, then the scheduler is killed."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise

import psutil
import psycopg

from tests.deployment import Deployment
from tests.experiments.findings import Findings, let_pass
from tests.experiments.ledger import Ledger, judge, longest_wait, nothing_doubled, nothing_lost
from tests.experiments.producer import Producer
from tests.experiments.worker_kills import DAG, serving
from tests.waiting import wait_until

_LINGER_S = 0.5
"""Short, so that the sensor in the triggerer is needed again and again."""
_NOTICED_S = 180
_LOOK_S = 0.2
_SUPERSEDED = "Server indicated the task shouldn't be running anymore ["
"""What Airflow's supervisor of a task says then."""


def kill_the_triggerer(
    airflow: Deployment,
    producer: Producer,
    *,
    kills: int,
    per_second: int,
    at_least: float,
    seed: int,
) -> Findings:
    """Kill it while a shift goes on, and, every other time, while its sensor waits for jobs."""
    findings, chance = _findings("triggerer", per_second, kills), random.Random(seed)
    ledger, first, moments, began = _begin(airflow, producer)
    with serving(airflow, linger=_LINGER_S):
        for number in range(kills):
            with producer.steadily(per_second=per_second):
                ledger.more(per_second)
                let_pass(chance.uniform(0, 1))
                if number % 2:
                    _kill(airflow, moments)
                    ledger.more(per_second)
            if not number % 2:
                wait_until(lambda: _sensor_waits(airflow), 60, "the sensor in the triggerer")
                let_pass(chance.uniform(0, 1))
                _kill(airflow, moments)
        with producer.steadily(per_second=per_second):
            ledger.more(per_second)
            let_pass(max(0.0, at_least - (time.time() - began)))
        _finish(findings, producer, ledger, first, moments, began)
    return findings


def kill_the_scheduler(
    airflow: Deployment,
    producer: Producer,
    *,
    kills: int,
    per_second: int,
    at_least: float,
    seed: int,
    succeed: bool,
) -> Findings:
    """Kill it again and again while a shift goes on.

    Only the scheduler itself is killed, not the task that its executor runs: that is another
    experiment. The one that comes after it takes the task for orphaned and starts it anew.

    Args:
        airflow: it serves the queue.
        producer: of the jobs that arrive.
        kills: so many.
        per_second: so many jobs arrive.
        at_least: seconds in which they do.
        seed: of chance.
        succeed: jobs arrive until a dead scheduler's task has noticed that another one does its
            work; that takes half a minute.
    """
    findings, chance = _findings("scheduler", per_second, kills), random.Random(seed)
    ledger, first, moments, began = _begin(airflow, producer)
    with serving(airflow, linger=_LINGER_S), _left_behind() as left_behind:
        with producer.steadily(per_second=per_second):
            for _ in range(kills):
                ledger.more(per_second)
                let_pass(chance.uniform(0, 1))
                moments.append(time.time())
                left_behind.extend(airflow.kill("scheduler", alone=True))
                airflow.start("scheduler")
                wait_until(lambda: _schedules(airflow, since=moments[-1]), 90, "a new scheduler")
                ledger.more(per_second)
            let_pass(max(0.0, at_least - (time.time() - began)))
            if succeed:
                wait_until(lambda: _superseded(airflow), _NOTICED_S, "a task that is taken over")
        # The last one may well live: Airflow takes tasks over once in five minutes.
        wait_until(lambda: not _tasks(left_behind), _NOTICED_S, "the tasks' end")
        said = _superseded(airflow)
        findings.notes.append(f"tasks that noticed another one doing their work: {said}")
        findings.expect(
            that=said > 0 or not succeed, otherwise="no task was taken over by another one"
        )
        _finish(findings, producer, ledger, first, moments, began)
    return findings


def _findings(component: str, per_second: int, kills: int) -> Findings:
    return Findings(
        experiment=f"{component} killed (kill -9) while {per_second} jobs/s arrive",
        unit="kills",
        count=kills,
    )


def _begin(airflow: Deployment, producer: Producer) -> tuple[Ledger, int, list[float], float]:
    return Ledger(airflow.database_url), producer.pushed, [], time.time()


def _kill(airflow: Deployment, moments: list[float]) -> None:
    moments.append(time.time())
    airflow.kill("triggerer")
    airflow.start("triggerer")


def _schedules(airflow: Deployment, *, since: float) -> bool:
    """Whether a scheduler has begun its work since then."""
    with psycopg.connect(airflow.database_url) as connection:
        begun = connection.execute(
            "SELECT 1 FROM job WHERE job_type = 'SchedulerJob' AND start_date > to_timestamp(%s)",
            (since,),
        )
        return begun.fetchone() is not None


def _superseded(airflow: Deployment) -> int:
    """How many tasks have noticed that another one does their work."""
    return (airflow.folder / "scheduler.log").read_text(errors="replace").count(_SUPERSEDED)


def _sensor_waits(airflow: Deployment) -> bool:
    return any(run.task_state == "deferred" for run in airflow.runs(DAG) if run.state == "running")


def _finish(
    findings: Findings,
    producer: Producer,
    ledger: Ledger,
    first: int,
    moments: list[float],
    began: float,
) -> None:
    jobs = range(first, producer.pushed)
    ledger.wait_for(len(jobs), timeout=180, because=lambda: f"left: {producer.left()}")
    took = time.time() - began
    wait_until(lambda: not producer.left(), timeout=120, description="an empty Redis")
    executions = ledger.all()
    for kill, following in pairwise([*moments, time.time()]):
        until = [each for each in executions if producer.times[each.job] < following]
        findings.recovery.append(longest_wait(until, producer.times, since=kill - 1))
    judged = judge(executions, jobs)
    nothing_lost(findings, judged)
    nothing_doubled(findings, judged)
    findings.notes.append(
        f"{len(jobs)} jobs in {took:.0f} s, {producer.failed()} of them buried; the recovery is the"
        " longest wait of a job"
    )


@contextmanager
def _left_behind() -> Iterator[list[psutil.Process]]:
    """Processes of killed schedulers; those of their executors wait for ever, and end here.

    They hold the dead scheduler's connections to the database, and with them the locks of what it
    was doing: each ends as soon as it runs no task.
    """
    found: list[psutil.Process] = []
    over = threading.Event()

    def end_the_idle() -> None:
        while not over.wait(_LOOK_S):
            for process in _executors(found):
                if not _tasks([process]):
                    _end(process)

    thread = threading.Thread(target=end_the_idle)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()
        for process in found:
            _end(process)


def _executors(left_behind: list[psutil.Process]) -> list[psutil.Process]:
    """The dead scheduler's own children, without the tasks that they run."""
    pids, found = {process.pid for process in left_behind}, []
    for process in left_behind:
        with suppress(psutil.NoSuchProcess):
            if process.ppid() not in pids:
                found.append(process)
    return found


def _end(process: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        process.kill()


def _tasks(left_behind: list[psutil.Process]) -> list[psutil.Process]:
    """The tasks that the executor's processes still run."""
    found = []
    for process in left_behind:
        try:
            found += [
                child for child in process.children() if child.status() != psutil.STATUS_ZOMBIE
            ]
        except psutil.NoSuchProcess:
            continue
    return found
