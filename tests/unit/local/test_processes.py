"""Processes are recognised by pid and start time, and stop with all they started."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from system_daemon.local import processes
from system_daemon.local.processes import ProcessIdentity
from tests.waiting import wait_until

# Prints the pid of a child; both ignore SIGTERM if told so.
PARENT = """
import signal, subprocess, sys
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"],
                         process_group=0 if "group" in sys.argv else None)
print(child.pid, flush=True)
child.wait()
"""


def start_parent(tmp_path: Path, *words: str) -> tuple[ProcessIdentity, int]:
    log = tmp_path / "log"
    parent = processes.start([sys.executable, "-c", PARENT, *words], log=log, cwd=tmp_path)
    wait_until(lambda: log.read_text().endswith("\n"), 20, "the child's pid in the log")
    return parent, int(log.read_text())


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_process_lives_in_a_session_of_its_own(tmp_path: Path) -> None:
    parent, child = start_parent(tmp_path)
    assert os.getsid(child) == parent.pid
    processes.stop(parent)


@pytest.mark.parametrize("words", [(), ("group",)])
def test_stopping_the_session_ends_children_in_groups_of_their_own(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    parent, child = start_parent(tmp_path, *words)
    processes.stop(parent, whole_session=True)
    assert gone(parent.pid)
    assert gone(child)


def test_who_ignores_the_request_is_killed_after_the_grace(tmp_path: Path) -> None:
    parent, child = start_parent(tmp_path, "stubborn")
    processes.stop(parent, grace=0.2)
    assert gone(parent.pid)
    assert gone(child)


def test_orphans_of_a_killed_leader_are_found(tmp_path: Path) -> None:
    parent, child = start_parent(tmp_path, "group")
    os.kill(parent.pid, signal.SIGKILL)
    wait_until(lambda: not processes.is_alive(parent), 5, "the parent's end")
    assert not gone(child)
    processes.stop(parent)
    assert gone(child)


@pytest.mark.parametrize(
    "change", [{"started": 1.0}, {"boot": "another one"}], ids=["start time", "boot"]
)
def test_somebody_else_with_the_same_pid_is_left_alone(
    tmp_path: Path, change: dict[str, str | float]
) -> None:
    parent, child = start_parent(tmp_path)
    stranger = replace(parent, **change)  # type: ignore[arg-type]
    assert not processes.is_alive(stranger)
    assert processes.members(stranger) == []
    processes.stop(stranger, grace=0.2)
    assert processes.is_alive(parent)
    assert not gone(child)
    processes.stop(parent)


def test_stopping_what_has_ended_is_fine(tmp_path: Path) -> None:
    ended = processes.start(["true"], log=tmp_path / "log", cwd=tmp_path)
    wait_until(lambda: not processes.is_alive(ended), 5, "the end of `true`")
    processes.stop(ended)


def test_the_log_is_nobody_elses_to_read(tmp_path: Path) -> None:
    ended = processes.start(["echo", "hello"], log=tmp_path / "log", cwd=tmp_path)
    wait_until(lambda: not processes.is_alive(ended), 5, "the end of `echo`")
    assert (tmp_path / "log").read_text() == "hello\n"
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600
