"""The demo platform as a process of its own, behind the same interface as the servers."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from system_daemon.local import processes
from system_daemon.local.loopback_http import HttpError, get_json
from system_daemon.local.ports import LOOPBACK
from system_daemon.local.processes import ProcessIdentity
from system_daemon.local.recording import Record, record_nothing
from system_daemon.local.server import Server

_STOP_SECONDS = 5.0
_IMPORT_ROOT = Path(__file__).parents[2]


class DemoServer(Server):
    """One demo platform."""

    name = "demo"
    title = "The demo platform"
    start_seconds = 30.0

    def __init__(
        self,
        folder: Path,
        *,
        port: int,
        log: Path,
        mail_port: int | None = None,
        record: Record = record_nothing,
    ) -> None:
        super().__init__(folder, port=port, log=log, record=record)
        self._mail_port = mail_port

    def url(self) -> str:
        """Where its services are: add /<service>."""
        return f"http://{LOOPBACK}:{self._port}"

    def start(self) -> str:
        """Start it and return its URL. Raises StackError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "system_daemon.local.demo", "--port", str(self._port)]
        if self._mail_port is not None:
            command += ["--mail-port", str(self._mail_port)]
        self._run(command, env={**os.environ, "PYTHONPATH": str(_IMPORT_ROOT)})
        return self.url()

    @classmethod
    def stop_process(cls, process: ProcessIdentity) -> None:
        """Calls that wait are cut off."""
        processes.stop(process, grace=_STOP_SECONDS)

    def healthy(self) -> bool:
        """Whether it answers now."""
        try:
            get_json(f"{self.url()}/_health", timeout=2)
        except HttpError:
            return False
        return True
