"""What a person sees: progress while it works, then one screen with everything to know."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from system_daemon.local.dag_overview import AirflowApi, Login, overview
from system_daemon.local.loopback_http import HttpError
from system_daemon.local.stack import StackOptions
from system_daemon.local.stack_status import StackStatus

_OUT = Console(emoji=False, highlight=False, soft_wrap=True)
_ERR = Console(emoji=False, highlight=False, soft_wrap=True, stderr=True)


def line(text: str) -> None:
    """One plain line."""
    _OUT.print(text, markup=False)


def error(text: str) -> None:
    """Something went wrong, on standard error."""
    _ERR.print(text, style="red", markup=False)


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """A function that shows each step with the seconds since the beginning."""
    began = time.monotonic()

    def report(text: str) -> None:
        line(f"{time.monotonic() - began:6.1f} s  {text}")

    if not _OUT.is_terminal:
        yield report
        return
    with _OUT.status("Starting ..."):
        yield report


def ready(options: StackOptions, login: Login, *, detached: bool = False) -> None:
    """The one screen: where it is, who enters, what will happen, how to stop."""
    _OUT.print()
    _OUT.print(f"[bold green]Ready:[/] [bold]{escape(login.url)}[/]")
    line(f"Login: {login.username} / {login.password}")
    line(f"Data and logs: {options.state}")
    for text in what_happens_next(login):
        line(text)
    if detached:
        line(f'Stop: system-daemon down --state "{options.state}"')
    else:
        line("Stop: Ctrl-C")


def what_happens_next(login: Login) -> list[str]:
    """Each DAG and what it will do next, in words; files that could not be imported."""
    try:
        api = AirflowApi(login)
        dags, problems = api.dags(), api.import_problems()
        due = {dag.dag_id: dag.next_due for dag in overview(api)}
    except HttpError as failure:
        return [f"The list of DAGs is not available: {failure}"]
    lines = [
        "",
        f"DAGs ({len(dags)}), each with its next run and its plan:" if dags else "No DAGs.",
    ]
    width = max((len(dag["dag_id"]) for dag in dags), default=0)
    lines += [
        f"  {dag['dag_id']:{width}}  {_clock(due.get(dag['dag_id'])):19}"
        f"  {dag['timetable_description'] or ''}".rstrip()
        for dag in dags
    ]
    for problem in problems:
        last = problem.stack_trace.strip().splitlines()[-1:]
        lines.append(f"  not imported: {problem.file}: {''.join(last)}")
    return [*lines, ""]


def _clock(moment: str | None) -> str:
    """A moment of the API in the time of this machine; `now` when it is due."""
    if moment is None:
        return "not planned"
    at = datetime.fromisoformat(moment)
    if at <= datetime.now(UTC):
        return "now"
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def status(found: StackStatus) -> None:
    """The tables of `status`."""
    if found.url is None:
        line("Nothing runs; start it with `system-daemon up`.")
        return
    line(found.url)
    components = Table("component", "health")
    for name, health in found.components.items():
        components.add_row(name, escape(health), style=None if health == "healthy" else "red")
    _OUT.print(components)
    dags = Table("DAG", "state", "outcome", "next due")
    for dag in found.dags:
        dags.add_row(escape(dag.dag_id), dag.state, dag.outcome or "", dag.next_due or "")
    _OUT.print(dags)
