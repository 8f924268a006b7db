"""`up` in the terminal: start, show, wait for Ctrl-C, stop."""

from __future__ import annotations

import signal
from types import FrameType

from system_daemon.cli import screen
from system_daemon.local import stopping
from system_daemon.local.failure import StackError
from system_daemon.local.processes import adopt_orphans
from system_daemon.local.processes import stop as stop_process
from system_daemon.local.stack import Interrupted, Stack, StackOptions
from system_daemon.local.stack_record import read_record, remove_record
from system_daemon.local.stack_status import running
from system_daemon.local.state_lock import state_lock

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_in_foreground(options: StackOptions, *, show: bool = True) -> int:
    """Run the stack until somebody stops it or a component dies; the exit code.

    `show`: print the screen of `screen.ready` when everything runs.
    """
    options.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    with state_lock(options.state) as ours:
        if not ours:
            return say_it_runs(options)
        _clean_up(options)
        return _run(options, show=show)


def say_it_runs(options: StackOptions) -> int:
    """Tell that another `up` has this state folder already, which is no error."""
    record = running(options.state)
    if record is not None and record.ready:
        screen.line(f"It runs already, on {options.state}: {record.url}")
        screen.line(f"Login: {record.login['username']} / {record.login['password']}")
    else:
        screen.line(f"It is being started or stopped by another command, on {options.state}.")
    return 0


def _clean_up(options: StackOptions) -> None:
    """Stop what a killed `up` left behind; a record of long gone processes is no obstacle."""
    record = read_record(options.state)
    if record is None:
        return
    if running(options.state) is not None:
        stop_process(record.supervisor)
    stopping.stop_all(record.processes)
    remove_record(options.state)


def _run(options: StackOptions, *, show: bool) -> int:
    with screen.progress() as report:
        adopt_orphans()
        stack = Stack(options, report)
        _on_signals(stack)
        code = 0
        try:
            stack.start()
        except Interrupted:
            report("stopping")
        except StackError as error:
            code = 1
            screen.error(str(error))
        except BaseException:
            stack.stop()
            raise
    if code == 0 and not stack.stop_requested.is_set():
        if show:
            screen.ready(options, stack.login)
        code = _watch(stack)
    _ignore_signals()
    screen.line("Stopping ...")
    stack.stop()
    screen.line("Everything is stopped; the data stays.")
    return code


def _watch(stack: Stack) -> int:
    try:
        stack.watch()
    except StackError as error:
        screen.error(str(error))
        return 1
    return 0


def _on_signals(stack: Stack) -> None:
    def request_stop(_number: int, _frame: FrameType | None) -> None:
        stack.stop_requested.set()

    for number in _SIGNALS:
        signal.signal(number, request_stop)


def _ignore_signals() -> None:
    # A second Ctrl-C must not leave processes behind.
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
