"""A consumer in a process of its own, without Airflow: the coroutine that the task `work` runs.

For what happens between a consumer and Redis, Airflow adds nothing but a minute of waiting.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import psutil
from redis.asyncio import Redis

from system_daemon import redis_client
from system_daemon.configuration.background_jobs import Queue, Route
from system_daemon.jobs.consumer import work
from system_daemon.jobs.doors import Doors
from system_daemon.jobs.handlers.context import Context
from system_daemon.jobs.payload import Job
from system_daemon.jobs.queue import JobQueue
from system_daemon.jobs.routes import Routes
from system_daemon.jobs.stop import Stop
from system_daemon.jobs.verdict import DONE, Handler, Verdict
from system_daemon.jobs.worker_record import new_consumer
from system_daemon.local import processes
from system_daemon.local.processes import ProcessIdentity
from tests.airflow_settings import PROJECT
from tests.experiments.ledger import HANDLER, URL, Ledger, record
from tests.experiments.producer import CLASS, QUEUE
from tests.waiting import wait_until

CONCURRENCY = 8


class Consumer:
    """One such process, as an experiment holds it."""

    def __init__(
        self,
        folder: Path,
        redis_url: str,
        ledger: Ledger,
        *,
        timeout: float,
        module: str = __name__,
    ) -> None:
        folder.mkdir()
        self._log = folder / "log"
        self._identity: ProcessIdentity = processes.start(
            [sys.executable, "-m", module, redis_url, str(timeout)],
            log=self._log,
            cwd=PROJECT,
            env=_environment(ledger.url),
        )
        self.process = psutil.Process(self._identity.pid)

    def result(self) -> Mapping[str, Any]:
        """End it as Airflow does, and read what it tells in its last line."""
        if processes.is_alive(self._identity):
            self.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not processes.is_alive(self._identity), 60, f"its end: {self.told()}")
        last = self.told().splitlines()[-1]
        return cast("Mapping[str, Any]", json.loads(last))

    def told(self) -> str:
        return self._log.read_text(errors="replace")

    def stop(self) -> None:
        """End it in any way."""
        processes.stop(self._identity, first=signal.SIGKILL, whole_session=True)
        wait_until(lambda: not processes.is_alive(self._identity), 10, "its end")


@contextmanager
def consumer(
    folder: Path,
    redis_url: str,
    ledger: Ledger,
    *,
    timeout: float = redis_client.SOCKET_TIMEOUT_S,
    module: str = __name__,
) -> Iterator[Consumer]:
    """A consumer that is gone afterwards."""
    one = Consumer(folder, redis_url, ledger, timeout=timeout, module=module)
    try:
        yield one
    finally:
        one.stop()


def _environment(database_url: str) -> dict[str, str]:
    path = f"{PROJECT / 'include'}{os.pathsep}{PROJECT}"
    return os.environ | {URL: database_url, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}


class _Stopwatch:
    """The longest time that a command of a client took, failed ones included."""

    def __init__(self, client: Redis) -> None:
        self.longest = 0.0
        execute = client.execute_command

        async def timed(*args: Any, **options: Any) -> Any:
            began = time.monotonic()
            try:
                return await execute(*args, **options)
            finally:
                self.longest = max(self.longest, time.monotonic() - began)

        client.execute_command = timed  # type: ignore[method-assign]


async def _serve(url: str, socket_timeout: float) -> dict[str, float]:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    client = redis_client.connect(url, timeout=socket_timeout, decode_responses=False)
    stopwatch = _Stopwatch(client)
    queue = JobQueue(
        client,
        namespace="resque",
        queue=QUEUE,
        consumer=new_consumer(),
        concurrency=CONCURRENCY,
    )
    routes = Routes([Route(job_class=CLASS, handler=HANDLER)])
    shift = await work(
        queue,
        Queue(name=QUEUE, concurrency=CONCURRENCY, linger=3600),
        Doors(routes, lambda _: _handle(), _never),
        _never,
        stop=Stop(hurry=stop),
        log=logging.getLogger("shift"),
    )
    await client.aclose()
    return asdict(shift) | {"longest_command_s": stopwatch.longest}


def _handle() -> Handler:
    async def handle(job: Job) -> Verdict:
        await record(job, cast("Context", None))
        return DONE

    return handle


async def _never(*_: object) -> None:
    raise AssertionError("no job of an experiment becomes a run")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    print(json.dumps(asyncio.run(_serve(sys.argv[1], float(sys.argv[2])))))
