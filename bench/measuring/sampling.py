"""What the processes of an Airflow use: CPU seconds, and memory sampled while something runs."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import psutil

_EVERY_S = 0.5
_MB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Megabytes of some processes together."""

    rss: float = 0.0
    """Resident; pages that several processes share count once for each of them."""
    pss: float = 0.0
    """Each shared page divided by the number of processes that share it."""
    uss: float = 0.0
    """Pages that no other process has."""

    def __add__(self, other: Memory) -> Memory:
        return Memory(rss=self.rss + other.rss, pss=self.pss + other.pss, uss=self.uss + other.uss)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One look at all components."""

    at: float
    """Seconds since 1970."""
    memory: Mapping[str, Memory]

    @property
    def whole(self) -> Memory:
        """All components together."""
        return sum(self.memory.values(), Memory())


@dataclass(slots=True)
class Usage:
    """What was used from the beginning to the end of one stretch of time."""

    began: float = field(default_factory=time.time)
    seconds: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)
    """CPU seconds by component, children that ended included."""
    samples: list[Sample] = field(default_factory=list)
    worker_processes: set[tuple[int, float]] = field(default_factory=set)
    """Processes that an executor forked to run a task, by pid and start."""

    @property
    def whole_cpu(self) -> float:
        """CPU seconds of all components."""
        return sum(self.cpu.values())

    def peak(self, component: str) -> Memory:
        """The look at which the component's resident memory was greatest."""
        return max((s.memory[component] for s in self.samples), key=lambda m: m.rss)

    def typical(self) -> Memory:
        """The whole at the look in the middle, ordered by size."""
        ordered = sorted((s.whole for s in self.samples), key=lambda m: m.pss)
        return ordered[len(ordered) // 2]


class Watch:
    """Watches the process trees of components while a `with` block runs."""

    def __init__(self, leaders: Mapping[str, psutil.Process]) -> None:
        self._leaders = dict(leaders)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look_again_and_again, daemon=True)
        self.usage = Usage()

    def __enter__(self) -> Self:
        self._cpu_before = self._cpu()
        self.usage.began = time.time()
        self._thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        self.usage.seconds = time.time() - self.usage.began
        after = self._cpu()
        self.usage.cpu = {name: after[name] - used for name, used in self._cpu_before.items()}
        self._end.set()
        self._thread.join()

    def _look_again_and_again(self) -> None:
        while True:
            self._look()
            if self._end.wait(_EVERY_S):
                return

    def _look(self) -> None:
        memory = {}
        for name, leader in self._leaders.items():
            tree = _tree(leader)
            memory[name] = sum((_memory(process) for process in tree), Memory())
            self.usage.worker_processes |= _task_processes(tree)
        self.usage.samples.append(Sample(at=time.time(), memory=memory))

    def _cpu(self) -> dict[str, float]:
        return {name: _cpu(_tree(leader)) for name, leader in self._leaders.items()}


def _tree(leader: psutil.Process) -> list[psutil.Process]:
    return [leader, *leader.children(recursive=True)]


def _cpu(tree: list[psutil.Process]) -> float:
    # A parent that waited for a child has the child's seconds in its own: nothing is lost.
    used = 0.0
    for process in tree:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            used += times.user + times.system + times.children_user + times.children_system
    return used


def _memory(process: psutil.Process) -> Memory:
    try:
        full = process.memory_full_info()
    except psutil.Error:  # it ended between two looks
        return Memory()
    return Memory(rss=full.rss / _MB, pss=full.pss / _MB, uss=full.uss / _MB)


def _task_processes(tree: list[psutil.Process]) -> set[tuple[int, float]]:
    """Children of the local executor's workers: each runs one task."""
    workers, found = set(), set()
    for process in tree:
        with suppress(psutil.Error):
            if process.ppid() in workers:
                found.add((process.pid, process.create_time()))
            elif "LocalExecutor" in " ".join(process.cmdline()):
                workers.add(process.pid)
    return found


def in_flight(spans: list[tuple[float, float]], at: float) -> int:
    """How many of the spans hold this moment."""
    return sum(begin <= at < end for begin, end in spans)


def most_at_once(spans: list[tuple[float, float]]) -> int:
    """The greatest number of spans that hold one moment."""
    return max((in_flight(spans, begin) for begin, _ in spans), default=0)


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least this share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
