"""A consumer's event loop is the fastest one that is installed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import pytest

from system_daemon.jobs import fast_loop


async def _stopped_by_sigterm() -> str:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(stop.wait(), timeout=10)
    return type(asyncio.get_running_loop()).__module__


def test_uvloop_serves_where_it_is_installed_and_hears_sigterm() -> None:
    pytest.importorskip("uvloop")
    assert fast_loop.run(_stopped_by_sigterm()).startswith("uvloop")


def test_without_uvloop_asyncio_s_own_loop_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert fast_loop.run(_stopped_by_sigterm()).startswith("asyncio")
