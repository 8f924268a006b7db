"""Every execution of a job as a row in PostgreSQL: what was lost, and what ran twice.

`record` is the jobs' handler, in whichever process serves the queue; `EXECUTIONS_URL` in that
process' environment says where the rows go.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from system_daemon.jobs.handlers.context import Context
from system_daemon.jobs.payload import Job
from tests.experiments.findings import Findings
from tests.waiting import wait_until

HANDLER = f"{__name__}:record"
URL = "EXECUTIONS_URL"
INSERT = "INSERT INTO experiment.executions (job, pid) VALUES (%s, %s)"
_TABLE = """
CREATE SCHEMA IF NOT EXISTS experiment;
CREATE TABLE IF NOT EXISTS experiment.executions (
    number bigint GENERATED ALWAYS AS IDENTITY,
    job int NOT NULL,
    pid int NOT NULL,
    at double precision NOT NULL DEFAULT extract(epoch FROM clock_timestamp())
);
TRUNCATE experiment.executions;
"""


async def record(job: Job, _context: Context) -> None:
    """Note that the job is run, now and here; then take as long as the job says."""
    args = job.args[0]
    assert isinstance(args, dict)
    await _insert(args["n"])
    await asyncio.sleep(args["pause"])


async def _insert(job: int) -> None:
    async with _turns():
        connection = await _connected()
        await connection.execute(INSERT, (job, os.getpid()))


_connections: dict[asyncio.AbstractEventLoop, psycopg.AsyncConnection] = {}
_locks: dict[asyncio.AbstractEventLoop, asyncio.Lock] = {}


def _turns() -> asyncio.Lock:
    return _locks.setdefault(asyncio.get_running_loop(), asyncio.Lock())


async def _connected() -> psycopg.AsyncConnection:
    loop = asyncio.get_running_loop()
    if loop not in _connections:
        _connections[loop] = await psycopg.AsyncConnection.connect(os.environ[URL], autocommit=True)
    return _connections[loop]


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One row."""

    job: int
    pid: int
    at: float


class Ledger:
    """The executions, empty at first."""

    def __init__(self, url: str) -> None:
        self.url = url
        with psycopg.connect(url) as connection:
            connection.execute(_TABLE)

    def count(self) -> int:
        """How many rows there are."""
        return int(self._one("SELECT count(*) FROM experiment.executions"))

    def jobs(self) -> int:
        """How many jobs have been run."""
        return int(self._one("SELECT count(DISTINCT job) FROM experiment.executions"))

    def last(self) -> Execution:
        """The newest row."""
        return self.all()[-1]

    def all(self) -> list[Execution]:
        """Every row in order."""
        with psycopg.connect(self.url, row_factory=class_row(Execution)) as connection:
            return connection.execute(
                "SELECT job, pid, at FROM experiment.executions ORDER BY number"
            ).fetchall()

    def more(self, rows: int, *, timeout: float = 120) -> None:
        """Wait for so many rows from now on."""
        goal = self.count() + rows
        wait_until(lambda: self.count() >= goal, timeout, f"{rows} more executions")

    def wait_for(self, jobs: int, *, timeout: float, because: Callable[[], str] = str) -> None:
        """Wait until so many jobs have been run."""
        try:
            wait_until(lambda: self.jobs() >= jobs, timeout, f"{jobs} jobs")
        except AssertionError as error:
            raise AssertionError(f"{error}; {self.jobs()} were run. {because()}") from error

    def first_after(self, moment: float) -> float | None:
        """When the first execution after that moment was."""
        found = self._one(
            "SELECT min(at) FROM experiment.executions WHERE at > %s", moment, optional=True
        )
        return None if found is None else float(found)

    def _one(self, query: str, *values: object, optional: bool = False) -> float | int:
        with psycopg.connect(self.url) as connection:
            row = connection.execute(query, values).fetchone()
        assert row is not None
        if row[0] is None and not optional:
            raise AssertionError(query)
        return row[0]  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the rows say."""

    lost: list[int]
    """Jobs that were never run."""
    again: list[int]
    """Jobs that were run more than once."""
    most: int
    """How often one job was run."""
    by_pid: dict[int, int]
    """By process: how many of its jobs another one ran again."""


def judge(executions: list[Execution], jobs: range) -> Judged:
    """Compare the rows with the jobs that there were."""
    times = Counter(each.job for each in executions)
    by_pid: dict[int, set[int]] = defaultdict(set)
    seen: dict[int, int] = {}
    for each in executions:
        if each.job in seen:
            by_pid[seen[each.job]].add(each.job)
        seen[each.job] = each.pid
    return Judged(
        lost=[job for job in jobs if job not in times],
        again=sorted(job for job, count in times.items() if count > 1),
        most=max(times.values(), default=0),
        by_pid={pid: len(found) for pid, found in by_pid.items()},
    )


def longest_wait(executions: list[Execution], pushed: list[float], *, since: float) -> float:
    """Seconds from the arrival of a job to its execution, of jobs that arrived since then."""
    waits = [
        each.at - pushed[each.job] for each in executions if pushed[each.job] >= since
    ]  # fmt: skip
    return max(waits, default=0.0)


def nothing_lost(findings: Findings, judged: Judged) -> None:
    """Keep a sentence where a job was never run."""
    findings.expect(
        that=not judged.lost,
        otherwise=f"{len(judged.lost)} jobs lost, such as {judged.lost[:5]}",
    )


def nothing_doubled(findings: Findings, judged: Judged) -> None:
    """Keep a sentence where a job was run twice."""
    findings.expect(
        that=not judged.again,
        otherwise=f"{len(judged.again)} jobs run twice, such as {judged.again[:5]}",
    )
