"""Ours as it runs in production: a whole Airflow, its sensor, and its `work` tasks."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import psutil

from measuring.jobs.resque import Resque
from measuring.jobs.run import BESIDE, Run, measure
from measuring.jobs.target import Target
from measuring.surroundings import Surroundings, leaders, rows
from tests.deployment import Deployment
from tests.waiting import wait_until

IN_FLIGHT = {0: 128, 50: 512}
"""Delay to the concurrency that is configured for it."""
_LINGER_S = 3
"""Long enough to read what the process used before it ends."""
_TIMEOUT_S = 900
"""What has not come then is lost; long, because a busy machine loses nothing either."""
_WARM, _COLD = "warm", "cold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A run, and how long Airflow took to begin it."""

    run: Run
    to_first_job: float
    """Seconds from putting the jobs to the first POST."""
    from_look_to_first_job: float
    """Seconds from the sensor's end to the first POST."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cold:
    """One job in a queue that nobody works on; seconds since it was put."""

    looked: float
    """Until the sensor's end."""
    started: float
    """Until the start of `work`."""
    arrived: float
    """Until the POST."""


@dataclass(slots=True, kw_only=True)
class Ours:
    """A deployment whose queues are measured one after the other."""

    deployment: Deployment
    resque: Resque
    target: Target

    def throughput(self, delay: int, jobs: int) -> Taken:
        """All jobs wait before the sensor looks."""
        queue = f"d{delay}"
        self._begin()
        self._looking(queue)
        put_at = self.resque.put(queue, jobs)
        run = measure(
            self.target,
            jobs,
            delay,
            self._worker,
            timeout=_TIMEOUT_S,
            settled=lambda: self.resque.processed() >= jobs,
        )
        first = self.target.seen()[0].at
        looked, _ = self._moments(queue)
        self._ended()
        return Taken(run=run, to_first_job=first - put_at, from_look_to_first_job=first - looked)

    def with_many_waiting(self, waiting: int, worked: int) -> Run:
        """So many jobs wait, and ``worked`` of them are run."""
        self._begin()
        self._looking("d0")
        for first in range(0, waiting, 20_000):
            self.resque.put("d0", min(20_000, waiting - first), first=first)
        run = measure(self.target, worked, 0, self._worker, timeout=_TIMEOUT_S)
        self.deployment.pause("jobs__d0", paused=True)
        self.resque.client.delete("resque:queue:d0")
        self._ended()
        self.deployment.pause("jobs__d0", paused=False)
        return replace(run, lost=0, jobs=waiting)  # the others were put to be left

    def warm_latencies(self, jobs: int) -> list[float]:
        """Seconds from putting a job to its POST while a consumer lingers."""
        self._begin()
        self._looking(_WARM)
        self.resque.put(_WARM, 1)
        wait_until(lambda: self.target.count() == 1, timeout=60, description="the first job")
        choice = random.Random(2026)
        put = {}
        for number in range(1, jobs + 1):
            time.sleep(choice.uniform(0.02, 0.1))
            put[number + 10**8] = self.resque.put(_WARM, 1, first=number)
        wait_until(lambda: self.target.count() == jobs + 1, timeout=30, description="all jobs")
        arrived = {arrival.number: arrival.at for arrival in self.target.seen()}
        self._ended()
        return [arrived[number] - at for number, at in put.items()]

    def cold(self, jobs: int) -> list[Cold]:
        """One job after the other, each while only the sensor looks."""
        self._begin()
        choice, found = random.Random(2026), []
        for number in range(jobs):
            self._looking(_COLD)
            time.sleep(choice.uniform(0, 1))  # anywhere between two looks
            put = self.resque.put(_COLD, 1, first=number)
            wait_until(
                lambda number=number: self.target.count() > number,  # type: ignore[misc]
                timeout=60,
                description="the job",
            )
            self._ended()
            looked, started = self._moments(_COLD)
            arrived = self.target.seen()[-1].at
            found.append(Cold(looked=looked - put, started=started - put, arrived=arrived - put))
        return found

    def _begin(self) -> None:
        self.resque.forget()
        self.target.forget()

    def _worker(self) -> dict[str, psutil.Process]:
        (pid,) = self.resque.worker_pids()
        task = psutil.Process(pid)
        supervisor = task.parent()
        assert supervisor is not None
        components = leaders(self.deployment)
        around = {f"{BESIDE}{name}": process for name, process in components.items()}
        return {"supervisor": supervisor, "task": task, **around}

    def _looking(self, queue: str) -> None:
        """Wait until the queue's sensor has been in the triggerer for some looks."""
        wait_until(
            lambda: rows(
                self.deployment,
                "SELECT 1 FROM task_instance AS task JOIN trigger ON trigger.id = task.trigger_id"
                " WHERE task.dag_id = %s AND task.state = 'deferred'"
                " AND trigger.triggerer_id IS NOT NULL",
                f"jobs__{queue}",
            ),
            timeout=120,
            description=f"the sensor of {queue}",
        )
        time.sleep(3)

    def _ended(self) -> None:
        wait_until(lambda: not self.resque.worker_pids(), timeout=60, description="the shift's end")

    def _moments(self, queue: str) -> tuple[float, float]:
        """When the last look ended, and when the work after it began."""
        ((looked, started),) = rows(
            self.deployment,
            "SELECT max(end_date) FILTER (WHERE task_id = 'wait_for_jobs'),"
            " max(start_date) FILTER (WHERE task_id = 'work')"
            " FROM task_instance WHERE dag_id = %s",
            f"jobs__{queue}",
        )
        return looked.timestamp(), started.timestamp()


@contextmanager
def serving(surroundings: Surroundings, target: Target) -> Iterator[Ours]:
    """An Airflow that serves the measured queues."""
    resque = Resque(surroundings.redis.url())
    resque.forget()
    with surroundings.deployment() as deployment:
        common = {"workers": 1, "linger": _LINGER_S}
        queues = [
            {"name": f"d{delay}", "concurrency": count, **common}
            for delay, count in IN_FLIGHT.items()
        ]
        queues += [
            {"name": _WARM, "concurrency": 16, "linger": 5},
            {"name": _COLD, "concurrency": 16, "linger": 0},
        ]
        routes = [
            {"job_class": queue["name"], "endpoint": f"{target.url}/{delay}", "timeout": 30}
            for queue, delay in zip(queues, (*IN_FLIGHT, 0, 0), strict=True)
        ]
        deployment.write("background_jobs.json", json.dumps({"queues": queues, "routes": routes}))
        wait_until(
            lambda: all(deployment.knows(f"jobs__{queue['name']}") for queue in queues),
            timeout=120,
            description="the queues' DAGs",
        )
        yield Ours(deployment=deployment, resque=resque, target=target)


def middle_of(taken: list[Taken], run: Run) -> Taken:
    """The same with the medians in place of one round's."""
    ordered = sorted(each.to_first_job for each in taken)
    looks = sorted(each.from_look_to_first_job for each in taken)
    return replace(
        taken[0],
        run=run,
        to_first_job=ordered[len(ordered) // 2],
        from_look_to_first_job=looks[len(looks) // 2],
    )
