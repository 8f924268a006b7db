"""What the servers of the stack share: one process each, started, waited for and stopped."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from system_daemon.local import processes
from system_daemon.local.processes import ProcessIdentity
from system_daemon.local.recording import Record, record_nothing
from system_daemon.local.waiting import wait_until_ready


class Server(ABC):
    """One server of this machine; `start`, `stop` and `healthy` are all.

    Args:
        folder: holds its data; where its process runs.
        port: of loopback.
        log: its log file.
        record: told of the process as soon as there is one.
    """

    name: ClassVar[str]
    """In the record of the stack."""
    title: ClassVar[str]
    """In messages."""
    start_seconds: ClassVar[float]
    """How long it may take to be ready."""

    def __init__(
        self, folder: Path, *, port: int, log: Path, record: Record = record_nothing
    ) -> None:
        self._folder = folder
        self._port = port
        self._log = log
        self._record = record
        self._process: ProcessIdentity | None = None

    @abstractmethod
    def start(self) -> str:
        """Start it and return its URL. Raises StackError when it does not become ready."""

    @abstractmethod
    def healthy(self) -> bool:
        """Whether it answers now."""

    @classmethod
    @abstractmethod
    def stop_process(cls, process: ProcessIdentity) -> None:
        """Stop one of which only the process is known."""

    def stop(self) -> None:
        """Stop it, if it runs."""
        if self._process is not None:
            self.stop_process(self._process)
            self._process = None

    def _run(self, command: Sequence[str], *, env: Mapping[str, str] | None = None) -> None:
        """Start the process and wait until it is ready. Raises StackError."""
        self._process = processes.start(command, log=self._log, cwd=self._folder, env=env)
        self._record(self.name, self._process)
        wait_until_ready(
            self.title, self._process, self.healthy, log=self._log, timeout=self.start_seconds
        )
