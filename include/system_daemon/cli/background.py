"""`up --detach`: the same `up` in a session of its own, watched until it is ready."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from system_daemon.cli import screen
from system_daemon.cli.foreground import say_it_runs
from system_daemon.local import processes
from system_daemon.local.failure import StackError
from system_daemon.local.stack import StackOptions
from system_daemon.local.stack_status import login_of, running
from system_daemon.local.state_lock import state_lock

_POLL_SECONDS = 0.1
_IMPORT_ROOT = Path(__file__).parents[2]


def start_in_background(options: StackOptions) -> int:
    """Start the stack, repeat its progress until it is ready; the exit code."""
    options.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    with state_lock(options.state) as free:
        if not free:
            return say_it_runs(options)
    log = options.state / "logs" / "up.log"
    log.parent.mkdir(exist_ok=True)
    log.unlink(missing_ok=True)
    supervisor = processes.start(
        _command(options),
        log=log,
        cwd=options.project,
        env={**os.environ, "PYTHONPATH": _python_path()},
    )
    shown = 0
    while True:
        alive = processes.is_alive(supervisor)
        record = running(options.state)
        shown += _show_news(log, shown)
        if record is not None and record.ready and record.supervisor == supervisor:
            screen.ready(options, login_of(record), detached=True)
            return 0
        if not alive:
            raise StackError(f"expected the stack to start, got its end; its log is {log}")
        time.sleep(_POLL_SECONDS)


def _command(options: StackOptions) -> list[str]:
    command = [sys.executable, "-m", "system_daemon.cli", "up", "--supervised"]
    command += ["--state", str(options.state)]
    if options.port is not None:
        command += ["--port", str(options.port)]
    if not options.demo:
        command.append("--no-demo")
    return command


def _show_news(log: Path, shown: int) -> int:
    """Print whole new lines of the supervisor's log; the number of bytes printed."""
    news = log.read_bytes()[shown:]
    whole = news[: news.rfind(b"\n") + 1]
    for text in whole.decode("utf-8", errors="replace").splitlines():
        screen.line(text)
    return len(whole)


def _python_path() -> str:
    return os.pathsep.join([str(_IMPORT_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
