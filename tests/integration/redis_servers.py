"""The Redis servers of this machine: queues are tested on each of them.

One is always there, the embedded one. A `redis-server` on PATH, such as Debian's, is another.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from unittest import mock

import pytest

from system_daemon.local.ports import free_port
from system_daemon.local.redis import Redis, find_server
from tests.servers import PASSWORD


def _programs() -> list[str]:
    """The embedded one first."""
    found = [str(find_server())]
    on_path = shutil.which("redis-server")
    if on_path is not None and on_path not in found:
        found.append(on_path)
    return found


PROGRAMS = _programs()


@pytest.fixture(scope="session", params=PROGRAMS if len(PROGRAMS) > 1 else None)
def redis_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Redis]:
    """Each server in turn."""
    folder = tmp_path_factory.mktemp("redis")
    server = Redis(folder, port=free_port(), password=PASSWORD, log=folder / "log")
    program = getattr(request, "param", PROGRAMS[0])
    with mock.patch.dict(os.environ, {"SYSTEM_DAEMON_REDIS_SERVER": program}):
        server.start()
    yield server
    server.stop()
