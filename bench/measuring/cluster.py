"""What the whole cluster does: the parts of `bench/cluster.py`."""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg

from measuring.report import Figure, shown, table
from measuring.sampling import Watch, percentile
from system_daemon.local import processes
from system_daemon.local.demo_answers import Answer
from system_daemon.local.demo_client import DemoClient
from system_daemon.local.demo_server import DemoServer
from system_daemon.local.ports import free_port
from tests.cluster.clinic import QUEUE_DAG, at_demo, configure, running_cluster
from tests.cluster.cluster import Cluster
from tests.cluster.due_runs import as_planned, due_runs
from tests.cluster.kills import kill_each
from tests.e2e.services import NEVER_AGAIN
from tests.experiments.findings import key
from tests.experiments.ledger import Ledger
from tests.experiments.producer import Producer
from tests.waiting import wait_until

_WORKERS = (1, 2, 4)
_PAUSE_S = 0.05
"""What a job takes, beside noting itself in PostgreSQL."""
_CONCURRENCY = 8
_CODES = ("success", "idle", "error")
_SHORTEST_S, _STEPS = 10, 11
"""Intervals of 10 to 20 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured."""

    services: int
    window: float
    """Seconds."""
    jobs: int
    killed_services: int
    due_times: int
    per_second: int


FULL = Size(services=200, window=120, jobs=5000, killed_services=40, due_times=500, per_second=20)
QUICK = Size(services=40, window=30, jobs=1000, killed_services=10, due_times=100, per_second=10)


@dataclass(frozen=True, slots=True)
class Clinic:
    """A running cluster and what it works on."""

    cluster: Cluster
    demo: DemoClient

    def leaders(self) -> dict[str, psutil.Process]:
        """The first process of each Airflow container."""
        return {
            name: each.members()[0]
            for name, each in self.cluster.containers.items()
            if each.service.is_airflow and each.lives()
        }


@contextmanager
def clinic() -> Iterator[Clinic]:
    """A cluster of this machine, gone at the end of the block."""
    processes.adopt_orphans()
    signal.signal(signal.SIGTERM, _stop)
    with tempfile.TemporaryDirectory(prefix="measured-") as name:
        folder = Path(name)
        (folder / "demo").mkdir()
        server = DemoServer(folder / "demo", port=free_port(), log=folder / "demo.log")
        server.start()
        demo = DemoClient(server.url())
        (folder / "cluster").mkdir()
        try:
            first = [at_demo(demo, "patients", intervals=NEVER_AGAIN)]
            with running_cluster(folder / "cluster", first) as cluster:
                for worker in cluster.replicas("airflow-worker"):
                    worker.wait_until_healthy(timeout=120)
                yield Clinic(cluster, demo)
        finally:
            server.stop()


def lateness(clinic: Clinic, size: Size) -> Iterator[Figure]:
    """Services with intervals of 10 to 20 s, planned by two schedulers."""
    demo, cluster = clinic.demo, clinic.cluster
    with Watch(clinic.leaders()) as idle:
        time.sleep(5)
    names = [f"interval_{number:03}" for number in range(size.services)]
    entries, seconds = [], {}
    for number, name in enumerate(names):
        every = seconds[f"service__{name}"] = _SHORTEST_S + number % _STEPS
        demo.script(name, [Answer(code=code, delay=0.1) for code in _CODES], repeat=True)
        entries.append(at_demo(demo, name, intervals=dict.fromkeys(NEVER_AGAIN, every)))
    configure(cluster, entries)
    wait_until(
        lambda: {each.service for each in demo.calls()} >= set(names), 300, "every first call"
    )
    with Watch(clinic.leaders()) as watch:
        time.sleep(size.window)
    began, until = watch.usage.began, watch.usage.began + size.window

    def due() -> list[tuple[float, float]]:
        """Starts and arrivals, minus due; empty while one is missing."""
        arrived = {key(call): call.at for call in demo.calls()}
        all_runs = as_planned(
            due_runs(cluster, "service\\_\\_interval%"), lambda run: seconds[run.dag_id]
        )
        runs = [run for run in all_runs if began <= run.due < until]
        if not runs or any(run.started is None or run.attempt not in arrived for run in runs):
            return []
        return [((run.started or 0) - run.due, arrived[run.attempt] - run.due) for run in runs]

    moments = wait_until(due, 120, "the call of every run that fell due")
    configure(cluster, [])
    starts, arrivals = ([each[index] for each in moments] for index in (0, 1))
    of_starts = f"start of the task minus due, {len(starts)} runs of {size.services} services"
    yield Figure(name="lateness_p50_s", value=percentile(starts, 0.5), meaning=of_starts)
    yield Figure(name="lateness_p95_s", value=percentile(starts, 0.95), meaning="same")
    of_arrivals = "arrival of the POST minus due"
    yield Figure(name="arrival_p95_s", value=percentile(arrivals, 0.95), meaning=of_arrivals)
    yield from _memory(idle, watch)


def _memory(idle: Watch, busy: Watch) -> Iterator[Figure]:
    """PSS of each container, in the middle of its looks."""
    for state, watch in (("idle", idle), ("busy", busy)):
        for name in watch.usage.samples[0].memory:
            looks = sorted(sample.memory[name].pss for sample in watch.usage.samples)
            figure = f"{name.removeprefix('airflow-').replace('-', '_')}_{state}_mb"
            yield Figure(
                name=figure, value=looks[len(looks) // 2], meaning=f"memory (PSS) of {name}"
            )
    minutes = busy.usage.seconds / 60
    lines = [(name, shown(used / minutes)) for name, used in busy.usage.cpu.items()]
    print(table(("component", "CPU seconds a minute"), lines) + "\n")


def throughput(clinic: Clinic, size: Size) -> Iterator[Figure]:
    """Jobs a second, from the first to the last, by the queue's `workers`."""
    ledger = Ledger(clinic.cluster.platform_url)
    producer = Producer(clinic.cluster.platform_redis_url, pause=_PAUSE_S)
    try:
        for workers in _WORKERS:
            configure(clinic.cluster, [], workers=workers, concurrency=_CONCURRENCY, linger=0)
            _wait_for_plan(clinic.cluster, producer, ledger, workers)
            done = ledger.count()
            producer.put(size.jobs)
            ledger.wait_for(producer.pushed, timeout=300)
            executions = ledger.all()[done:]
            first, last = executions[0].at, executions[-1].at
            yield Figure(
                name=f"jobs_per_s_{workers}",
                value=size.jobs / (last - first),
                meaning=f"{size.jobs} jobs of {_PAUSE_S:g} s, {_CONCURRENCY} at once in each of"
                f" {workers} workers: at most {workers * _CONCURRENCY / _PAUSE_S:g}",
            )
    finally:
        producer.close()


def _wait_for_plan(cluster: Cluster, producer: Producer, ledger: Ledger, workers: int) -> None:
    """Until a run of the queue with so many workers looks for jobs, and none is left.

    A run that looks already keeps its number of workers; a job ends it.
    """

    def planned() -> bool:
        with psycopg.connect(cluster.database_url) as connection:
            row = connection.execute(_PLAN, (QUEUE_DAG, QUEUE_DAG)).fetchone()
        if row is None or not row[1]:
            return False
        if row[0] == workers:
            return ledger.jobs() == producer.pushed
        if not producer.waiting():
            producer.put(1)
        return False

    wait_until(planned, 300, f"a run with {workers} workers")


_PLAN = """
SELECT count(*) FILTER (WHERE task_id = 'work'),
       bool_or(task_id = 'wait_for_jobs' AND state = 'deferred')
  FROM task_instance
 WHERE dag_id = %s
   AND run_id = (SELECT run_id FROM dag_run WHERE dag_id = %s ORDER BY id DESC LIMIT 1)
"""


def recovery(clinic: Clinic, size: Size) -> Iterator[Figure]:
    """One container of each component is killed while everything runs."""
    ledger = Ledger(clinic.cluster.platform_url)
    producer = Producer(clinic.cluster.platform_redis_url, pause=_PAUSE_S)
    configure(clinic.cluster, [])
    try:
        done = kill_each(
            clinic.cluster,
            clinic.demo,
            producer,
            ledger,
            services=size.killed_services,
            due_times=size.due_times,
            per_second=size.per_second,
            seed=2026,
        )
    finally:
        producer.close()
    lines = [
        (each.name, shown(each.next_call), shown(each.next_sweep), shown(each.latest))
        for each in done.kills
    ]
    head = ("killed, seconds until", "next service", "next maintenance", "the latest call was late")
    print(table(head, lines) + "\n")
    for each in done.kills:
        component = _component(each.name)
        yield Figure(
            name=f"recovery_{component}_s",
            value=each.next_work,
            meaning=f"kill -9 of {each.name} to the start of the next due service and maintenance",
        )
        yield Figure(
            name=f"lateness_after_{component}_s",
            value=each.latest,
            meaning="the call that came latest after its due time, until the next kill",
        )
    yield Figure(
        name="recovery_s_max",
        value=max(each.next_work for each in done.kills),
        meaning="of the worst component",
    )
    yield Figure(
        name="double_runs",
        value=done.double_runs,
        at_most=0,
        meaning=f"of {done.calls + done.sweeps} due times",
    )
    yield Figure(name="lost", value=done.lost, at_most=0, meaning=f"of {done.jobs} jobs")


def _component(container: str) -> str:
    """The name of a figure knows no replicas: one of each is killed."""
    return container.removeprefix("airflow-").removesuffix("-1").replace("-", "_")


Part = Callable[[Clinic, Size], Iterator[Figure]]
PARTS: Mapping[str, Part] = {
    "lateness": lateness,
    "throughput": throughput,
    "recovery": recovery,
}


def _stop(*_: object) -> None:
    raise KeyboardInterrupt
