"""Ours, its peers and a bare loop, measured in turn; the table and the figures that follow."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

from measuring.jobs import bare, ours, peers, plain
from measuring.jobs.ours import Ours, Taken
from measuring.jobs.resque import Resque
from measuring.jobs.run import Run, measure, middle
from measuring.jobs.target import Target
from measuring.report import Figure, shown, table
from measuring.surroundings import Surroundings

DELAYS = (0, 50)
OURS, BARE, PLAIN = "ours", "bare loop", "plain Airflow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured."""

    rounds: int
    jobs: int
    """That wait for ours."""
    share: float
    """Of the peers' usual numbers of jobs."""
    plain: int
    """Jobs of plain Airflow; 0: it is left out."""


FULL = Size(rounds=3, jobs=20_000, share=1, plain=200)
QUICK = Size(rounds=1, jobs=5_000, share=0.2, plain=0)


class Comparison:
    """Gathers the runs of all rounds."""

    def __init__(self, surroundings: Surroundings, target: Target, size: Size) -> None:
        self._surroundings = surroundings
        self._target = target
        self._size = size
        self._resque = Resque(surroundings.redis.url())
        self._runs: dict[tuple[str, int], list[Run]] = defaultdict(list)
        self._taken: dict[int, list[Taken]] = defaultdict(list)
        self._peers = self._available()

    def measure_ours(self, served: Ours) -> None:
        """One round of ours."""
        for delay in DELAYS:
            taken = served.throughput(delay, self._size.jobs)
            self._taken[delay].append(taken)
            self._add(OURS, delay, taken.run)

    def measure_others(self) -> None:
        """One round of the bare loop and of all peers."""
        for delay in DELAYS:
            self._resque.forget()
            self._add(BARE, delay, self._bare(delay))
            for peer in self._peers:
                self._resque.forget()
                folder, share = self._surroundings.folder, self._size.share
                url = self._surroundings.redis.url()
                run = peers.run(peer, delay, self._target, url, folder, share=share)
                self._add(peer.name, delay, run)
        self._resque.forget()

    def measure_plain(self) -> None:
        """Plain Airflow, once."""
        if self._size.plain:
            run = plain.run(self._surroundings, self._target, self._size.plain, 0)
            self._add(PLAIN, 0, run)

    def show(self) -> None:
        """All side by side."""
        settings = {(peer.name, d): peer.settings[d] for peer in peers.PEERS for d in DELAYS}
        for delay in DELAYS:
            settings[OURS, delay] = f"1 process, {ours.IN_FLIGHT[delay]} jobs at once, in Airflow"
            settings[BARE, delay] = f"1 process, {ours.IN_FLIGHT[delay]} at once, no queue"
            settings[PLAIN, delay] = f"{plain.AT_ONCE} task processes"
        lines = [
            (f"D={delay}", name, settings[name, delay], *_cells(runs))
            for (name, delay), runs in sorted(
                self._runs.items(), key=lambda item: (item[0][1], -middle(item[1]).per_second)
            )
        ]
        head = ("", "", "setting", "jobs", "jobs/s", "lowest", "highest", "CPU s/1000", "MB (PSS)")
        print(table(head, lines) + "\n", flush=True)

    def figures(self) -> Iterator[Figure]:
        """What follows from all rounds."""
        found = {key: middle(runs) for key, runs in self._runs.items()}
        for delay in DELAYS:
            rate = found[OURS, delay].per_second
            yield Figure(
                name=f"throughput_d{delay}",
                value=rate,
                meaning=f"jobs a second, the target answers after {delay} ms",
            )
            others = {peer.name: found[peer.name, delay] for peer in self._peers}
            if others:
                best = max(others, key=lambda name: others[name].per_second)
                yield Figure(
                    name=f"throughput_d{delay}_over_best_peer",
                    value=rate / others[best].per_second,
                    at_least=2,
                    meaning=f"ours / {best}, {shown(others[best].per_second)} jobs a second",
                )
        yield Figure(
            name="throughput_d0_over_bare",
            value=found[OURS, 0].per_second / found[BARE, 0].per_second,
            at_least=0.5,
            meaning=f"ours / a loop without a queue, {shown(found[BARE, 0].per_second)} a second",
        )
        yield from self._cpu(found)
        for delay in DELAYS:
            taken = self._taken[delay]
            yield Figure(
                name=f"to_first_job_d{delay}_s",
                value=median(each.to_first_job for each in taken),
                meaning="from putting the jobs to the first POST; counted in no throughput",
            )
            yield Figure(
                name=f"look_to_first_job_d{delay}_s",
                value=median(each.from_look_to_first_job for each in taken),
                meaning="from the end of the sensor's look to the first POST",
            )
        yield Figure(
            name="airflow_beside_cores",
            value=max(found[OURS, delay].beside for delay in DELAYS),
            meaning="what the rest of Airflow used while ours ran; not in its CPU seconds",
        )
        mine = [run for (name, _), runs in self._runs.items() if name == OURS for run in runs]
        yield Figure(
            name="lost",
            value=sum(run.lost for run in mine),
            at_most=0,
            meaning=f"jobs of ours that never came, of {sum(run.jobs for run in mine)}",
        )
        yield Figure(
            name="doubled",
            value=sum(run.doubled for run in mine),
            at_most=0,
            meaning="jobs of ours that came twice",
        )

    def _cpu(self, found: dict[tuple[str, int], Run]) -> Iterator[Figure]:
        ratios = {}
        for delay in DELAYS:
            others = {peer.name: found[peer.name, delay].cpu_per_1000 for peer in self._peers}
            mine = found[OURS, delay].cpu_per_1000
            yield Figure(
                name=f"cpu_d{delay}_s_per_1000",
                value=mine,
                meaning="CPU seconds of the task and its supervisor for 1000 jobs",
            )
            if others:
                best = min(others, key=lambda name: others[name])
                ratios[others[best] / mine] = f"{best} / ours at D={delay}"
        if ratios:
            lowest = min(ratios)
            yield Figure(
                name="cpu_best_peer_over_ours",
                value=lowest,
                at_least=1,
                meaning=f"CPU seconds a job, {ratios[lowest]}, the closer of both delays",
            )

    def _add(self, name: str, delay: int, run: Run) -> None:
        self._runs[name, delay].append(run)
        print(
            f"{name:14} D={delay:<3} {shown(run.per_second):>6} jobs/s"
            f"  {run.cpu_per_1000:.3f} CPU s/1000  lost {run.lost}",
            flush=True,
        )

    def _bare(self, delay: int) -> Run:
        self._target.forget()
        command = [
            sys.executable,
            str(Path(bare.__file__)),
            f"{self._target.url}/{delay}",
            str(self._size.jobs),
            str(ours.IN_FLIGHT[delay]),
        ]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
            leader = psutil.Process(process.pid)
            return measure(
                self._target, self._size.jobs, delay, lambda: {"all": leader}, timeout=60
            )

    def _available(self) -> list[peers.Peer]:
        found = []
        for peer in peers.PEERS:
            try:
                peers.environment(peer.packages)
            except peers.NoPeersError as error:
                print(f"{peer.name} is left out: {error}", flush=True)
            else:
                found.append(peer)
        return found


def _cells(runs: list[Run]) -> tuple[str, ...]:
    run, rates = middle(runs), [each.per_second for each in runs]
    values = (run.jobs, run.per_second, min(rates), max(rates), run.cpu_per_1000, run.peak_mb)
    return tuple(shown(value) for value in values)
