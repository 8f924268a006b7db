"""What the platform's users notice: their latency alone, beside a sweep, beside one statement."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from measuring.maintenance.contenders import by_single_statement, by_sweep
from measuring.maintenance.server import LargeServer
from measuring.report import Figure, shown, table
from measuring.sampling import percentile
from system_daemon.local.postgres import binaries

CLIENTS = 8
_MIX = Path(__file__).parent / "mix"
_WEIGHTS = {"look": 6, "answer": 3, "plan": 1}
_BESIDE = {"alone": None, "sweep": by_sweep, "single statement": by_single_statement}


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The users' load."""

    seconds: int
    """How long they are watched at most."""
    rate: int
    """Transactions a second that all of them begin, whether the last ones ended or not."""


def measure(
    server: LargeServer, folder: Path, load: Load, *, tasks: tuple[str, ...], rounds: int
) -> Iterator[list[Figure]]:
    """Windows in turn, each on a fresh copy: alone, beside the sweep, beside the statement."""
    found: dict[tuple[str, str], list[float]] = {}
    for task in tasks:
        for _ in range(rounds):
            for name, contender in _BESIDE.items():
                with server.copy("interactive") as url:
                    server.checkpoint()
                    work = None if contender is None else partial(contender, task, url)
                    latencies = _watch(server, url, folder, load, work)
                p99 = percentile(latencies, 0.99)
                found.setdefault((task, name), []).append(p99)
                print(
                    f"{task}, users {name}: p50 {shown(median(latencies))} ms,"
                    f" p99 {shown(p99)} ms, {len(latencies)} transactions",
                    flush=True,
                )
    lines = [(*key, shown(median(p99s))) for key, p99s in found.items()]
    print(table(("task", "beside the users", "p99 ms"), lines), flush=True)
    yield [
        Figure(
            name="interactive_p99_ratio",
            value=max(_ratio(found, task, "sweep") for task in tasks),
            at_most=1.25,
            meaning=f"p99 of {CLIENTS} users during a sweep / alone, the worse task",
        ),
        Figure(
            name="interactive_p99_ratio_single_statement",
            value=max(_ratio(found, task, "single statement") for task in tasks),
            meaning="same during the single statement",
        ),
        Figure(
            name="interactive_p99_alone_ms",
            value=median(
                p99 for (_, name), p99s in found.items() if name == "alone" for p99 in p99s
            ),
            meaning="p99 of the users alone",
        ),
    ]


def _ratio(found: dict[tuple[str, str], list[float]], task: str, name: str) -> float:
    pairs = zip(found[task, name], found[task, "alone"], strict=True)
    return median(beside / alone for beside, alone in pairs)


def _watch(
    server: LargeServer,
    url: str,
    folder: Path,
    load: Load,
    work: Callable[[threading.Event], float] | None,
) -> list[float]:
    """Latencies in ms, from when a transaction was due, of those that ended while work went on."""
    for old in folder.glob("pgbench.*"):
        old.unlink()
    stop, ended = threading.Event(), [float("inf")]

    def do() -> None:
        if work is not None:
            work(stop)
            ended[0] = time.time()

    worker = threading.Thread(target=do)
    worker.start()
    try:
        done = subprocess.run(
            [
                str(binaries() / "pgbench"),
                *("--no-vacuum", f"--client={CLIENTS}", "--jobs=1", f"--time={load.seconds}"),
                *(f"--rate={load.rate}", "--protocol=prepared"),
                *("--log", f"--log-prefix={folder / 'pgbench'}"),
                *(f"--define=tasks={server.tasks}", f"--define=admissions={server.tasks // 40}"),
                *(f"--file={_MIX / name}.sql@{weight}" for name, weight in _WEIGHTS.items()),
                url,
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        stop.set()
        worker.join()
    if done.returncode != 0 or "aborted" in done.stderr:
        raise AssertionError(done.stderr)
    # Of each: client, number, microseconds, script, the end in seconds and microseconds, lag.
    ends = [
        (int(seconds) + int(fraction) / 1e6, int(latency) / 1000)
        for log in folder.glob("pgbench.*")
        for _, _, latency, _, seconds, fraction, *_ in map(str.split, log.read_text().splitlines())
        if latency.isdigit()
    ]
    return [latency for end, latency in ends if end <= ended[0]]
