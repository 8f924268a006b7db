"""stack.json: what runs for one state folder, so that a later command finds and stops it."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from system_daemon.local.private_file import write_private
from system_daemon.local.processes import ProcessIdentity

_FILE = "stack.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class StackRecord:
    """The processes of one `up`, with what somebody needs to use it."""

    # The process that watches over the others.
    supervisor: ProcessIdentity
    # In the order of their start.
    processes: dict[str, ProcessIdentity] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    url: str = ""
    login: dict[str, str] = field(default_factory=dict)
    ready: bool = False


class StackFile:
    """The record of one state folder, rewritten whole (mode 0600) at every change."""

    def __init__(self, state: Path, record: StackRecord) -> None:
        self._path = state / _FILE
        self._record = record
        # The servers start in threads of their own.
        self._lock = threading.Lock()
        self._write()

    def add(self, name: str, process: ProcessIdentity) -> None:
        """Note a process that has just begun."""
        with self._lock:
            known = {**self._record.processes, name: process}
            self._record = replace(self._record, processes=known)
            self._write()

    def ready(self) -> None:
        """Note that everything runs."""
        with self._lock:
            self._record = replace(self._record, ready=True)
            self._write()

    @property
    def processes(self) -> dict[str, ProcessIdentity]:
        """All processes noted so far."""
        with self._lock:
            return dict(self._record.processes)

    def _write(self) -> None:
        write_private(self._path, json.dumps(asdict(self._record), indent=2) + "\n")


def read_record(state: Path) -> StackRecord | None:
    """The record of this state folder; None where there is none or it cannot be understood."""
    try:
        stored = json.loads((state / _FILE).read_text(encoding="utf-8"))
        return StackRecord(
            supervisor=ProcessIdentity(**stored["supervisor"]),
            processes={
                name: ProcessIdentity(**process) for name, process in stored["processes"].items()
            },
            ports=stored["ports"],
            url=stored["url"],
            login=stored["login"],
            ready=stored["ready"],
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def remove_record(state: Path) -> None:
    """Forget what ran."""
    (state / _FILE).unlink(missing_ok=True)
