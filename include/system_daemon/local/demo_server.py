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
from system_daemon.local.waiting import wait_until_ready

_START_SECONDS = 30.0
_STOP_SECONDS = 5.0
_IMPORT_ROOT = Path(__file__).parents[2]


class DemoServer:
    """One demo platform; `start`, `stop` and `healthy` are all."""

    name = "demo"

    def __init__(
        self,
        folder: Path,
        *,
        port: int,
        log: Path,
        mail_port: int | None = None,
        record: Record = record_nothing,
    ) -> None:
        self._folder = folder
        self._port = port
        self._mail_port = mail_port
        self._log = log
        self._record = record
        self._process: ProcessIdentity | None = None

    def url(self) -> str:
        """Where its services are: add /<service>."""
        return f"http://{LOOPBACK}:{self._port}"

    def start(self) -> str:
        """Start it and return its URL. Raises StackError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "system_daemon.local.demo", "--port", str(self._port)]
        if self._mail_port is not None:
            command += ["--mail-port", str(self._mail_port)]
        self._process = processes.start(
            command,
            log=self._log,
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": str(_IMPORT_ROOT)},
        )
        self._record(self.name, self._process)
        wait_until_ready(
            "The demo platform", self._process, self.healthy, log=self._log, timeout=_START_SECONDS
        )
        return self.url()

    def stop(self) -> None:
        """Stop it; calls that wait are cut off."""
        if self._process is not None:
            stop_process(self._process)
            self._process = None

    def healthy(self) -> bool:
        """Whether it answers now."""
        try:
            get_json(f"{self.url()}/_health", timeout=2)
        except HttpError:
            return False
        return True


def stop_process(process: ProcessIdentity) -> None:
    """Stop a demo platform of which only the process is known."""
    processes.stop(process, grace=_STOP_SECONDS)
