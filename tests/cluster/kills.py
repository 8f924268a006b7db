"""One container of each component is killed in turn while services, maintenance and jobs run."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from system_daemon.local.demo_answers import Answer
from system_daemon.local.demo_client import DemoClient
from tests.cluster.clinic import MAINTENANCE_DAGS, at_demo, configure
from tests.cluster.cluster import Cluster
from tests.cluster.due_runs import (
    INTERVALS,
    RESTARTED,
    DueRun,
    as_planned,
    due_runs,
    ended_after,
    interval,
    no_due_time_twice,
    once_each,
)
from tests.experiments.findings import Findings, key, let_pass
from tests.experiments.ledger import Ledger, judge, longest_wait, nothing_lost
from tests.experiments.producer import Producer
from tests.waiting import wait_until

VICTIMS = (
    "airflow-scheduler-1",
    "airflow-triggerer-1",
    "airflow-worker-1",
    "airflow-dag-processor",
    "airflow-apiserver",
)
EVERY_S = 10
"""How often each maintenance task is due while it is measured."""
_CODES = ("success", "idle", "error")
_UNSURE_S = 2
"""A call that was due so shortly before a kill may suffer from that one."""
_NEXT_S = 180
_LAST_JOBS_S = 420
"""A queue whose shift was killed is looked at again when Airflow has noticed: 300 s."""


@dataclass(slots=True, kw_only=True)
class Kill:
    """One kill and what came after it."""

    name: str
    at: float
    next_call: float = 0.0
    """Seconds until the first call of a run that fell due after the kill."""
    next_sweep: float = 0.0
    """The same for maintenance, which needs the API server, the broker and a worker."""
    latest: float = 0.0
    """The call that came latest after its due time, until the next kill."""

    @property
    def next_work(self) -> float:
        """Seconds until both kinds of work went on."""
        return max(self.next_call, self.next_sweep)


@dataclass(slots=True, kw_only=True)
class Killed:
    """The whole experiment."""

    kills: list[Kill]
    calls: int
    """Due times of services."""
    sweeps: int
    """Due times of maintenance tasks."""
    jobs: int
    double_runs: int
    lost: int
    """Jobs."""
    overall: Findings

    def findings(self) -> list[Findings]:
        """A row for each component, and one for all of them."""
        return [self._row(each) for each in self.kills] + [self.overall]

    @staticmethod
    def _row(kill: Kill) -> Findings:
        sweep = f"{kill.next_sweep:.1f} s until the next maintenance task on a worker"
        late = f"the latest call came {kill.latest:.1f} s after its due time"
        return Findings(
            experiment=f"cluster: {kill.name} killed (kill -9) under load",
            unit="kill",
            count=1,
            recovery=[kill.next_call],
            notes=[sweep, late],
        )


def kill_each(
    cluster: Cluster,
    demo: DemoClient,
    producer: Producer,
    ledger: Ledger,
    *,
    services: int,
    due_times: int,
    per_second: int,
    seed: int,
    victims: Sequence[str] = VICTIMS,
) -> Killed:
    """Kill them at moments that chance chooses; the engine starts each again at once.

    Args:
        cluster: serves the clinic.
        demo: the services' platform.
        producer: of jobs, which arrive all the time.
        ledger: what the jobs did.
        services: so many, called every few seconds.
        due_times: so many calls at the least, over the whole.
        per_second: so many jobs arrive.
        seed: of chance.
        victims: containers, in this order.
    """
    chance = random.Random(seed)
    names = [f"steady_{number:03}" for number in range(services)]
    for name in names:
        demo.script(name, [Answer(code=code, delay=0.2) for code in _CODES], repeat=True)
    began = time.time()
    entries = [at_demo(demo, name, intervals=INTERVALS) for name in names]
    configure(cluster, entries, every=EVERY_S)
    wait_until(
        lambda: {each.service for each in demo.calls()} >= set(names),
        180,
        "a call of every service",
    )
    first, kills = producer.pushed, []
    with producer.steadily(per_second=per_second):
        ledger.more(per_second, timeout=180)
        for name in victims:
            let_pass(chance.uniform(1, 3))
            kills.append(Kill(name=name, at=time.time()))
            cluster.kill(name)
            _wait_for_the_next(cluster, kills[-1], names)
            cluster.containers[name].wait_until_healthy(_NEXT_S)
        wait_until(
            lambda: (
                sum(each.ended is not None for each in due_runs(cluster, "service\\_\\_steady%"))
                >= due_times
            ),
            600,
            f"{due_times} due times",
        )
    _let_end(cluster, names)
    jobs = range(first, producer.pushed)
    ledger.wait_for(len(jobs), timeout=_LAST_JOBS_S, because=lambda: f"left: {producer.left()}")
    return _judged(cluster, demo, producer, ledger, kills, jobs, since=began)


def _wait_for_the_next(cluster: Cluster, kill: Kill, names: Sequence[str]) -> None:
    """Until every service was called in a run that fell due after the kill, and maintenance ran."""

    def called() -> bool:
        after = ended_after(due_runs(cluster, "service\\_\\_steady%"), kill.at)
        return len({each.dag_id for each in after}) == len(names)

    def swept() -> bool:
        return any(each.started for each in ended_after(_sweeps(cluster), kill.at))

    wait_until(called, _NEXT_S, f"the next run of every service after {kill.name} was killed")
    wait_until(swept, _NEXT_S, f"the next maintenance task after {kill.name} was killed")


def _sweeps(cluster: Cluster) -> list[DueRun]:
    return [each for dag in MAINTENANCE_DAGS for each in due_runs(cluster, dag)]


def _let_end(cluster: Cluster, names: Sequence[str]) -> None:
    """No new runs, and those that are under way come to their ends."""
    for name in names:
        cluster.pause(f"service__{name}", paused=True)
    wait_until(
        lambda: all(
            each.ended is not None or each.started is None
            for each in due_runs(cluster, "service\\_\\_steady%")
        ),
        60,
        "the ends of the calls under way",
    )


def _judged(
    cluster: Cluster,
    demo: DemoClient,
    producer: Producer,
    ledger: Ledger,
    kills: list[Kill],
    jobs: range,
    *,
    since: float,
) -> Killed:
    overall = Findings(experiment="cluster: one of each component killed in turn", unit="due times")
    called = {key(call): call.at for call in demo.calls()}
    requests = Counter(key(call) for call in demo.calls())
    runs = [each for each in due_runs(cluster, "service\\_\\_steady%") if each.ended is not None]
    sweeps = ended_after(_sweeps(cluster), since)
    double = once_each(overall, runs, requests) + no_due_time_twice(overall, sweeps)
    runs = as_planned(runs, interval)
    for kill, until in pairwise([*kills, Kill(name="", at=time.time())]):
        arrived = [
            called[each.attempt] for each in runs if each.due > kill.at and each.attempt in called
        ]
        started = [each.started for each in sweeps if each.due > kill.at and each.started]
        kill.next_call, kill.next_sweep = min(arrived) - kill.at, min(started) - kill.at
        kill.latest = max(
            called[each.attempt] - each.due
            for each in runs
            if kill.at - _UNSURE_S < each.due <= until.at - _UNSURE_S and each.attempt in called
        )
    executions = ledger.all()
    judged = judge(executions, jobs)
    nothing_lost(overall, judged)
    overall.count = len(runs) + len(sweeps)
    overall.recovery = [each.next_call for each in kills]
    cut_off = sum(RESTARTED in (each.message or "") for each in runs)
    wait = longest_wait(executions, producer.times, since=since)
    overall.notes += [
        f"{len(runs)} of services ({cut_off} calls cut off and not repeated), {len(sweeps)} of"
        " maintenance, one run each",
        f"{len(jobs)} jobs, {len(judged.again)} of them run twice, none lost; the longest wait of a"
        f" job was {wait:.0f} s",
    ]
    return Killed(
        kills=kills,
        calls=len(runs),
        sweeps=len(sweeps),
        jobs=len(jobs),
        double_runs=double,
        lost=len(judged.lost),
        overall=overall,
    )
