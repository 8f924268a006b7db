"""PURGE_DATABASE while PostgreSQL, or the process of the sweep, is killed in the middle of a batch."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

from system_daemon.maintenance.sweep import ConnectionLostError
from tests.airflow_settings import PROJECT
from tests.experiments import sweep_process
from tests.experiments.clinic_database import PURGE, Clinic, MortalPostgres, make_clinic, run
from tests.experiments.findings import Findings, let_pass

_LATEST = 20
"""A run is killed at one of its first batches, so that there is work for the next one."""
_WITHIN_S = 0.03
"""Long enough for any moment of a batch."""


def kill_postgres(
    server: MortalPostgres, *, tasks: int, batch_size: int, kills: int, seed: int
) -> Findings:
    """Kill the server and all its processes in the middle of a batch, start it, run again."""
    findings = Findings(
        experiment=f"PostgreSQL killed (kill -9) while {tasks} tasks are purged", unit="kills"
    )
    clinic, chance, lost = make_clinic(server.url(), tasks), random.Random(seed), 0
    for _ in range(kills):
        begun = threading.Event()
        asked = _after(chance.randint(1, _LATEST), begun.set)
        killed: list[float] = []

        def kill(begun: threading.Event = begun, killed: list[float] = killed) -> None:
            begun.wait(60)
            let_pass(chance.uniform(0, _WITHIN_S))
            killed.append(time.time())
            server.kill()

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            run(clinic.url, PURGE, batch_size=batch_size, stopped=asked)
        except ConnectionLostError:
            lost += 1
        killer.join()
        server.start()
        _goes_on(findings, clinic, batch_size, killed[0])
    findings.expect(that=lost == kills, otherwise=f"only {lost} runs were cut off")
    _finish(findings, clinic, batch_size)
    return findings


def kill_the_sweep(url: str, *, tasks: int, batch_size: int, kills: int, seed: int) -> Findings:
    """Kill the process in which the sweep runs, again and again."""
    findings = Findings(
        experiment=f"the process of a sweep killed (kill -9) while {tasks} tasks are purged",
        unit="kills",
    )
    clinic, chance = make_clinic(url, tasks), random.Random(seed)
    for _ in range(kills):
        batches, seconds = chance.randint(1, _LATEST), chance.uniform(0, _WITHIN_S)
        given = map(str, (url, PURGE, batch_size, batches, seconds))
        ended = subprocess.run(
            [sys.executable, "-m", sweep_process.__name__, *given],
            cwd=PROJECT,
            env={**os.environ, "PYTHONPATH": f"{PROJECT / 'include'}:{PROJECT}"},
            timeout=60,
            check=False,
        ).returncode
        killed = time.time()
        findings.expect(that=ended == -signal.SIGKILL, otherwise=f"a sweep ended with {ended}")
        _goes_on(findings, clinic, batch_size, killed)
    _finish(findings, clinic, batch_size)
    return findings


def _goes_on(findings: Findings, clinic: Clinic, batch_size: int, killed: float) -> None:
    """The next run commits its first batch, and nothing hangs in the air."""
    findings.count += 1
    before = sum(clinic.purged().values())
    run(clinic.url, PURGE, batch_size=batch_size, max_rows=batch_size)
    findings.recovery.append(time.time() - killed)
    after = sum(clinic.purged().values())
    findings.expect(that=after > before, otherwise="a run after a kill purged nothing")
    orphans = clinic.orphans()
    findings.expect(that=orphans == 0, otherwise=f"{orphans} rows without their parent")


def _finish(findings: Findings, clinic: Clinic, batch_size: int) -> None:
    """The last run purges the rest, and says so itself."""
    before = sum(clinic.purged().values())
    swept = run(clinic.url, PURGE, batch_size=batch_size)
    purged, due = clinic.purged(), clinic.to_purge()
    told, rest = sum(swept.counts.values()), sum(purged.values()) - before
    findings.expect(that=swept.left is None, otherwise=f"the last run left rows: {swept.left}")
    findings.expect(that=told == rest, otherwise=f"{told} rows were told, {rest} are gone")
    findings.expect(that=purged == due, otherwise=f"expected {due} to go, got {purged}")
    findings.notes.append(
        f"{sum(due.values())} rows were to go and went, {before} of them around the kills, in"
        f" batches of {batch_size}; no row without its parent; the recovery is the time from a kill"
        " to the end of the next run's first batch"
    )


def _after(times: int, then: Callable[[], object]) -> Callable[[], bool]:
    """Something happens when a sweep asks so many times whether to stop: at least once a batch."""
    asked = 0

    def ask() -> bool:
        nonlocal asked
        asked += 1
        if asked > times:
            then()
        return False

    return ask
