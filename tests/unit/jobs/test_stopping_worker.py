"""A worker that is to stop tells the processes below it, and no shift goes on then."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys

import pytest

from system_daemon.jobs import interruptions, stopping_worker
from system_daemon.jobs.stop import Stop

WORKER = """
import os
from system_daemon.jobs import stopping_worker

asks, told = os.pipe()
task = os.fork()
if task == 0:
    os.read(asks, 1)
    os._exit(0 if stopping_worker.told() else 1)
assert not stopping_worker.told()
stopping_worker.tell()
os.write(told, b".")
print(os.waitstatus_to_exitcode(os.waitpid(task, 0)[1]))
"""


def test_a_process_that_was_forked_before_is_told() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WORKER], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "0\n"
    assert not stopping_worker.told(), "another process has one of its own"


async def test_a_shift_comes_to_rest_when_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interruptions, "_STOPS_S", 0.001)
    told = asyncio.Event()
    monkeypatch.setattr(stopping_worker, "told", told.is_set)
    stop = Stop()
    watching = asyncio.create_task(
        interruptions.rest_when_the_worker_stops(stop, logging.getLogger("shift"))
    )
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(watching), 0.05)
    assert not stop.asked
    told.set()
    await asyncio.wait_for(watching, 10)
    assert stop.rest.is_set()
    assert not stop.hurry.is_set()
