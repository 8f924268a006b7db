"""Start processes in sessions of their own, recognise them later, and stop all they left.

A process is recognised by its pid *and* its start time, never by its name: pids are used again.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

# The kernel's boot time is rounded to whole seconds and may differ by one between two readings.
_CLOCK_TOLERANCE_SECONDS = 2.0
_POLL_SECONDS = 0.05
# From <linux/prctl.h>.
_PR_SET_CHILD_SUBREAPER = 36
# A killed process ends as soon as the kernel gets to it.
_KILL_SECONDS = 10.0
# What this process itself started: the kernel keeps an ended child until it is asked about.
_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessIdentity:
    """One process, told apart from a later one that has the same pid."""

    pid: int
    # Seconds from boot to its start: unlike a wall-clock time this survives a corrected clock.
    started: float
    # Names the boot: a number from before a reboot names nobody.
    boot: str


def start(
    command: Sequence[str],
    *,
    log: Path,
    cwd: Path,
    env: Mapping[str, str] | None = None,
) -> ProcessIdentity:
    """Start `command` in its own session, its output appended to `log` (mode 0600).

    A session of its own keeps the terminal's Ctrl-C away from it: the stack stops it in order.
    Raises OSError when the program cannot be executed.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as output:
        process = subprocess.Popen(  # noqa: S603 - our own commands
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=None if env is None else dict(env),
            start_new_session=True,
        )
    _CHILDREN[process.pid] = process
    return identify(process.pid)


def adopt_orphans() -> None:
    """From now on the orphans of what we start become our children, and `stop` sees to their end.

    Otherwise an ended orphan stays in the process table until the first process of the machine
    looks, which in a container may take long. Does nothing where the kernel is not Linux.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def identify(pid: int) -> ProcessIdentity:
    """Describe the process that has this pid now. Raises psutil.NoSuchProcess."""
    return ProcessIdentity(pid=pid, started=_since_boot(psutil.Process(pid)), boot=_boot_id())


def is_alive(identity: ProcessIdentity) -> bool:
    """Whether this very process still runs; a zombie does not."""
    return _find(identity) is not None


def stop(
    identity: ProcessIdentity,
    *,
    first: signal.Signals = signal.SIGTERM,
    whole_session: bool = False,
    grace: float = 10.0,
) -> None:
    """Ask with the signal `first`, wait `grace` seconds, then kill whatever is left of it.

    What belongs to a process: its descendants, and all processes of the session it leads, so that
    its orphans are found too. `whole_session` asks them all at once; otherwise the process itself
    is asked first, and what it leaves when it ends is asked then.
    """
    leader = _find(identity)
    belonging = _belonging(identity, leader)
    asked = belonging if whole_session or leader is None else [leader]
    for process in asked:
        _send(process, first)
    deadline = time.monotonic() + grace
    while (living := _living(belonging)) and time.monotonic() < deadline:
        if leader not in living and asked is not belonging:
            asked = belonging
            for process in living:
                _send(process, first)
        time.sleep(_POLL_SECONDS)
    # Children that were started while it stopped are found by the second look.
    rest = _living([*belonging, *_belonging(identity, None)])
    for process in rest:
        _send(process, signal.SIGKILL)
    deadline = time.monotonic() + _KILL_SECONDS
    while _living(rest) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


def members(identity: ProcessIdentity) -> list[psutil.Process]:
    """The living processes that belong to `identity`, itself included."""
    return _living(_belonging(identity, _find(identity)))


def _find(identity: ProcessIdentity) -> psutil.Process | None:
    if identity.boot != _boot_id():
        return None
    _reap(identity.pid)
    try:
        process = psutil.Process(identity.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        started = _since_boot(process)
    except psutil.Error:
        return None
    return process if abs(started - identity.started) < _CLOCK_TOLERANCE_SECONDS else None


def _belonging(identity: ProcessIdentity, leader: psutil.Process | None) -> list[psutil.Process]:
    """The leader, its descendants, and the members of its session."""
    found: dict[int, psutil.Process] = {}
    if leader is not None:
        found[leader.pid] = leader
        with suppress(psutil.Error):  # it ended just now; its session is looked at below
            found |= {child.pid: child for child in leader.children(recursive=True)}
    if identity.boot == _boot_id() and not _pid_has_new_owner(identity):
        found |= {process.pid: process for process in _session(identity)}
    return list(found.values())


def _session(identity: ProcessIdentity) -> list[psutil.Process]:
    # The kernel gives no pid away while a session has its number: so these are ours, also when
    # the leader is long gone.
    processes = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) != identity.pid:
                continue
            if _since_boot(process) >= identity.started - _CLOCK_TOLERANCE_SECONDS:
                processes.append(process)
        except (ProcessLookupError, PermissionError, psutil.Error):
            continue
    return processes


def _pid_has_new_owner(identity: ProcessIdentity) -> bool:
    try:
        started = _since_boot(psutil.Process(identity.pid))
    except psutil.Error:
        return False
    return abs(started - identity.started) >= _CLOCK_TOLERANCE_SECONDS


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.Error):  # it ended first, which is what was wanted
        process.send_signal(number)


def _living(processes: list[psutil.Process]) -> list[psutil.Process]:
    # An ended process that its parent has not asked about yet (a zombie) does not live.
    for process in processes:
        _reap(process.pid)
    return [process for process in processes if _lives(process)]


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _reap(pid: int) -> None:
    """Take the exit status of an ended child of ours, started or adopted: no zombie stays."""
    child = _CHILDREN.get(pid)
    if child is None:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
    elif child.poll() is not None:
        del _CHILDREN[pid]


def _since_boot(process: psutil.Process) -> float:
    return round(process.create_time() - psutil.boot_time(), 2)


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
