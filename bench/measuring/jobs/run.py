"""One measured run: jobs that wait, somebody who takes them, and the target that sees them come."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

import psutil

from measuring.jobs.target import Target
from measuring.sampling import Memory, Watch

BESIDE = "airflow "
"""Begins the names of a deployment's components."""
_LOOK_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What came of one run."""

    jobs: int
    per_second: float
    """From the first job's arrival at the target to the last one's answer."""
    cpu_per_1000: float
    """CPU seconds of all worker processes per 1000 jobs, their start not counted."""
    peak_mb: float
    """The most memory (PSS) of all worker processes together; of ours the task's own."""
    peak_rss_mb: float
    """The same as RSS: with the pages that it shares with the process that forked it."""
    beside: float
    """Cores that the rest of Airflow used meanwhile."""
    lost: int
    """Jobs that never came."""
    doubled: int
    """Jobs that came more than once."""


def measure(
    target: Target,
    jobs: int,
    delay: int,
    workers: Callable[[], Mapping[str, psutil.Process]],
    *,
    timeout: float,
    settled: Callable[[], bool] = lambda: True,
) -> Run:
    """Watch until all jobs have come.

    Args:
        target: It has forgotten what came before.
        jobs: How many wait.
        delay: Milliseconds after which the target answers.
        workers: Who runs the jobs, children included; asked when the first one has come. "task" is
            a child of another one of them; those whose name begins with BESIDE hold the workers
            and what stands beside them.
        timeout: Seconds after which what has not come is lost.
        settled: Whether the workers have noted all ends.
    """
    deadline = time.monotonic() + timeout
    _until(lambda: target.count() > 0, deadline)
    leaders = workers()
    with Watch(leaders) as watch:
        before = target.count()
        _until(lambda: target.count() >= jobs and settled(), deadline)
        counted = target.count() - before
    seen = target.seen()
    numbers = {arrival.number for arrival in seen}
    around = [name for name in leaders if name.startswith(BESIDE)]
    own = [name for name in leaders if name != "task" and name not in around]
    cpu = sum(watch.usage.cpu[name] for name in own)
    memory = [
        sample.memory["task"]
        if "task" in leaders
        else sum((sample.memory[n] for n in own), Memory())
        for sample in watch.usage.samples
    ]
    seconds = seen[-1].at - seen[0].at + delay / 1000 if seen else float("inf")
    return Run(
        jobs=jobs,
        per_second=len(seen) / seconds,
        cpu_per_1000=1000 * cpu / max(counted, 1),
        peak_mb=max(each.pss for each in memory),
        peak_rss_mb=max(each.rss for each in memory),
        beside=(sum(watch.usage.cpu[name] for name in around) - cpu) / watch.usage.seconds
        if around
        else 0.0,
        lost=jobs - len(numbers),
        doubled=len(seen) - len(numbers),
    )


def middle(runs: list[Run]) -> Run:
    """The medians of some runs, each column for itself; losses of all together."""
    return Run(
        jobs=runs[0].jobs,
        per_second=median(run.per_second for run in runs),
        cpu_per_1000=median(run.cpu_per_1000 for run in runs),
        peak_mb=max(run.peak_mb for run in runs),
        peak_rss_mb=max(run.peak_rss_mb for run in runs),
        beside=median(run.beside for run in runs),
        lost=sum(run.lost for run in runs),
        doubled=sum(run.doubled for run in runs),
    )


def _until(condition: Callable[[], bool], deadline: float) -> None:
    while not condition() and time.monotonic() < deadline:
        time.sleep(_LOOK_S)
